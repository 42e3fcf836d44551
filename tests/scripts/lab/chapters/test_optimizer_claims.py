"""Tests the verdicts on made-up runs."""

import pytest

from lab.chapters import optimizer_claims
from lab.chapters.optimizer_claims import BEST, DEFAULT, SAME, TENFOLD

NAMES = ("gradient_descent", "momentum", "nesterov", "adagrad", "rmsprop", "adam")
SETTINGS = {"rates": [0.01, 0.1], "target_loss": 0.1}


def runs_of(group, name, rate, steps, limit=1000):
    """Makes a run for each seed; None stands for a missed target."""
    return [
        {
            "group": group,
            "base_rate": rate,
            "optimizer": name,
            "seed": seed,
            "steps_to_target": taken,
            "limit": limit,
            "end": "not reached" if taken is None else "reached",
        }
        for seed, taken in enumerate(steps)
    ]


def verdicts(**changes):
    """Judges runs that all take 100 steps, except `changes`: `group_name=steps`."""
    runs = []
    for rate in SETTINGS["rates"]:
        for name in ("gradient_descent", "momentum"):
            steps = changes.get(f"same_{name}", [100, 100])
            runs += runs_of(SAME, name, rate, steps)
        runs += runs_of(TENFOLD, "gradient_descent", rate, changes.get("tenfold", [100, 100]))
    for name in NAMES:
        runs += runs_of(BEST, name, 0.01, changes.get(f"best_{name}", [100, 100]))
    runs += runs_of(DEFAULT, "adam", 0.001, changes.get("default", [100, 100]))
    wide = changes.get("widths", {})
    tunings = {name: {"good": [0.01, 0.01 * 10 ** wide.get(name, 0)]} for name in NAMES}
    keys = ("same", "best", "tenfold", "inefficient", "adagrad", "rmsprop", "adam")
    keys += ("default", "tuning")
    return dict(zip(keys, optimizer_claims.judge(runs, tunings, SETTINGS), strict=True))


def test_equal_optimizers_bear_out_next_to_nothing():
    found = verdicts()
    assert {key for key, claim in found.items() if claim.holds} == {"tenfold", "default"}


@pytest.mark.parametrize(
    "steps, holds",
    [([1001, 1001], True), ([1010, 1005], False), ([990, 990], False), ([1200, 1199], True)],
)
def test_ten_times_as_fast_is_ten_with_the_whole_interval(steps, holds):
    # 1010 and 1005 over 100 are 10.07, but two seeds leave an interval from 9.8 to 10.4
    assert verdicts(same_gradient_descent=steps)["same"].holds is holds
    assert verdicts(best_gradient_descent=steps)["best"].holds is holds


def test_the_ratio_is_told():
    claim = verdicts(same_gradient_descent=[200, 200])["same"]
    assert claim.measured.endswith(": at 0.01 2 (2 to 2); at 0.1 2 (2 to 2).")
    assert verdicts(best_momentum=[25, 25])["best"].measured.endswith("momentum: 4 (4 to 4).")


def test_a_run_that_never_arrives_counts_with_its_limit_and_is_told():
    claim = verdicts(same_gradient_descent=[1000, None], same_momentum=[50, 50])["same"]
    assert claim.holds  # 20 times as many, at least
    text = "at least 20 (20 to 20), gradient_descent reached the loss in 1 of 2 runs"
    assert f": at 0.01 {text}; at 0.1 {text}." in claim.measured
    claim = verdicts(best_momentum=[None, None])["best"]
    text = "at most 0.1 (0.1 to 0.1), momentum reached the loss in 0 of 2 runs."
    assert not claim.holds and text in claim.measured
    neither = verdicts(best_gradient_descent=[None, 100], best_momentum=[None, 100])["best"]
    assert (
        not neither.holds and "momentum: 1 (1 to 1), gradient_descent reached" in neither.measured
    )


@pytest.mark.parametrize(
    "steps, holds", [([100, 100], True), ([124, 124], True), ([130, 130], False), ([70, 70], False)]
)
def test_ten_times_the_rate_is_as_fast_as_momentum(steps, holds):
    assert verdicts(tenfold=steps)["tenfold"].holds is holds


def test_inefficient_is_twice_the_fastest():
    assert not verdicts(best_gradient_descent=[190, 190])["inefficient"].holds
    claim = verdicts(best_gradient_descent=[200, 200], best_nesterov=[90, 90])["inefficient"]
    assert claim.holds and "nesterov, the fastest: 2.22 (2.22 to 2.22)" in claim.measured


def test_adagrad():
    claim = verdicts(best_adagrad=[100, None])["adagrad"]
    assert claim.holds
    assert "in 1 of 2 runs, gradient descent in 2 of 2" in claim.measured
    assert not verdicts()["adagrad"].holds
    neither = verdicts(best_adagrad=[None, None], best_gradient_descent=[None, None])
    assert not neither["adagrad"].holds  # too few steps for every optimizer
    assert verdicts(best_adagrad=[150, 150])["rmsprop"].holds
    assert not verdicts(best_rmsprop=[150, 150])["rmsprop"].holds


def test_two_limits_are_no_ratio():
    never = [None, None]
    found = verdicts(tenfold=never, same_momentum=never)
    assert not found["tenfold"].holds
    assert not verdicts(default=never, best_adam=never)["default"].holds


def test_adam():
    assert verdicts(best_adam=[90, 90])["adam"].holds
    assert not verdicts(best_adam=[90, 90], best_adagrad=[90, 90])["adam"].holds
    assert verdicts(default=[190, 190])["default"].holds
    assert not verdicts(default=[210, 210])["default"].holds
    assert not verdicts(default=[100, None])["default"].holds


@pytest.mark.parametrize(
    "widths, holds",
    [
        ({"adam": 1.0}, True),
        ({"adam": 1.0, "rmsprop": 1.3}, True),  # RMSProp adapts its rates, too
        ({"adam": 1.0, "momentum": 0.7}, False),  # less than one place of the grid
        ({"adam": 1.0, "momentum": 0.5}, True),
    ],
)
def test_less_tuning_is_a_wider_range_of_good_rates(widths, holds):
    claim = verdicts(widths=widths)["tuning"]
    assert claim.holds is holds and "adam 1.0" in claim.measured
