"""Tests the search for an optimizer's best rate."""

import math

import pytest

from lab.chapters.optimizer_tuning import TUNING_SEED, decades, rate_at, tune


class Fake:
    """Reaches the target in `steps(rate)` steps, if its limit allows so many."""

    def __init__(self, steps, name="adam"):
        self.name, self._steps, self.runs = name, steps, []

    def run(self, rate, seed, target, most):
        self.runs.append((rate, seed, most))
        steps = self._steps(rate)
        there = steps <= (most or 10_000)
        return {"end": "reached" if there else "not reached", "steps_to_target": steps}


def around(best, curvature=200.0):
    """Returns 100 steps at the best rate, and more steps the further a rate is from it."""
    return lambda rate: 100.0 + curvature * math.log10(rate / best) ** 2


def test_the_grid():
    assert [rate_at(k) for k in (-9, -8, -7, -1, 0, 1, 2, 3)] == [
        0.001, 0.002, 0.005, 0.5, 1.0, 2.0, 5.0, 10.0,
    ]  # fmt: skip


@pytest.mark.parametrize("best", [1e-5, 2e-4, 0.001, 0.05, 1.0, 50.0])
def test_it_finds_the_best_rate_wherever_it_lies(best):
    found = tune(Fake(around(best)), 0.1, 1)
    assert found["best"] == best and not found["at_edge"]
    # 200 log10(rate / best)^2 <= 100 within 0.707 decades: two places of 1, 2, 5 on either side
    assert len(found["good"]) == 5 and found["good"][2] == best
    assert 1.2 < decades(found) < 1.42
    rates = [row["learning_rate"] for row in found["grid"]]
    assert rates == sorted(rates)
    assert rates[0] < found["good"][0] and rates[-1] > found["good"][-1], "the ends are bad"


def test_steps_are_added_up_over_seeds_that_are_not_compared():
    fake = Fake(around(0.001))
    found = tune(fake, 0.1, 3)
    assert {seed for _, seed, _ in fake.runs} == {TUNING_SEED + k for k in range(3)}
    assert {row["learning_rate"]: row["steps"] for row in found["grid"]}[0.001] == 300.0


def test_a_bad_rate_is_given_up_at_twice_the_best():
    fake = Fake(around(0.001, 1000.0))
    found = tune(fake, 0.1, 1)
    assert fake.runs == [
        (0.001, TUNING_SEED, None), (0.0005, TUNING_SEED, 200), (0.002, TUNING_SEED, 200),
        (0.0002, TUNING_SEED, 200), (0.005, TUNING_SEED, 200),
    ]  # fmt: skip
    assert [row["steps"] is None for row in found["grid"]] == [True, False, False, False, True]


def test_rates_that_all_fail_have_no_best():
    found = tune(Fake(lambda rate: math.inf), 0.1, 2)
    assert found["best"] is None and found["good"] == [] and decades(found) == 0
    assert [row["steps"] for row in found["grid"]] == [None] * 7


def test_the_grid_ends_somewhere():
    found = tune(
        Fake(lambda rate: 100.0 - math.log10(rate)), 0.1, 1
    )  # a higher rate is always better
    assert found["best"] == 1e3 and found["at_edge"]
