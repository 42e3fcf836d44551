"""Tests the steps to a loss on the sample of MNIST."""

import keras
import numpy as np
import pytest

import tf_recipes
from lab.chapters import compare_optimizers
from lab.chapters.optimizer_claims import BEST, DEFAULT, SAME, TENFOLD, select
from lab.chapters.optimizer_race import STARTS

TARGET = 0.5
# Fewer units, images of the loss and evaluations than the script has.
SMALLER = {
    "optimizer_race.HIDDEN": [30],
    "optimizer_race.FIXED": 300,
    "optimizer_race.GROWTH": 1.3,
}


@pytest.fixture(scope="module")
def ran(run_chapter):
    few = ["--rates=0.02", f"--target_loss={TARGET}", "--max_steps=1000"]
    few += ["--seeds=2", "--tuning_seeds=1"]
    return run_chapter("compare_optimizers", *few, **SMALLER)


@pytest.fixture(scope="module")
def lines(ran):
    return ran.lines


@pytest.fixture(scope="module")
def findings(ran):
    return ran.findings


def test_the_script(ran):
    assert ran.errors == ""
    assert "| same rate          | momentum         | 0.02          | 2 of 2  |" in ran.printed
    text = "MomentumOptimizer is at least 10 times faster than GradientDescentOptimizer"
    assert ran.printed.count(f"NOT borne out: {text}, ") == 2
    assert ran.files == ["compare_optimizers.json", "compare_optimizers.png"]
    written = ran.written
    assert set(written) == {"settings", "runs", "summary", "claims", "also", "environment"}
    assert written["settings"]["target_loss"] == TARGET
    command = "python scripts/compare_optimizers.py --rates=0.02 "
    assert written["settings"]["command"].startswith(command)
    assert set(written["runs"][0]) == {
        "group", "base_rate", "optimizer", "learning_rate", "seed", "end", "steps_to_target",
        "limit", "curve_steps", "curve_loss",
    }  # fmt: skip
    assert set(written["also"]["tuning"]["adam"]) == {"best", "good", "at_edge", "grid"}


def mean_steps(findings, group, name):
    return np.mean([run["steps_to_target"] for run in select(findings.runs, group, name)])


def test_momentums_step_tends_to_ten_times_the_gradients():
    # a constant gradient g = 3, eta = 0.01: the step k is eta g (1 - 0.9^k) / (1 - 0.9)
    weight, optimizer, steps = keras.Variable(0.0), tf_recipes.Momentum(0.01, momentum=0.9), []
    for _ in range(100):
        before = float(weight)
        optimizer.apply([keras.ops.array(3.0)], [weight])
        steps.append(before - float(weight))
    expected = 0.03 * (1 - 0.9 ** np.arange(1, 101)) / (1 - 0.9)
    np.testing.assert_allclose(steps, expected, rtol=1e-4)
    assert steps[0] == pytest.approx(0.03) and steps[-1] == pytest.approx(0.3, rel=1e-4)


def test_at_the_same_rate_momentum_is_much_faster_and_less_than_ten_times(findings):
    times = mean_steps(findings, SAME, "gradient_descent") / mean_steps(findings, SAME, "momentum")
    assert 4 < times < 10
    claim = findings.claims[0]
    assert claim.text.startswith("MomentumOptimizer is at least 10 times") and not claim.holds


def test_ten_times_the_rate_makes_up_for_it(findings):
    momentum = mean_steps(findings, SAME, "momentum")
    assert 0.6 < mean_steps(findings, TENFOLD, "gradient_descent") / momentum < 1.6


def test_at_the_best_rates_there_is_little_between_them(findings):
    steps = {name: mean_steps(findings, BEST, name) for name in STARTS}
    assert max(steps.values()) < 10 * min(steps.values())
    assert steps["gradient_descent"] < 3 * steps["momentum"]
    assert not findings.claims[1].holds


def test_every_run_is_told(findings, lines):
    groups = [run["group"] for run in findings.runs]
    assert {group: groups.count(group) for group in groups} == {
        SAME: 12, TENFOLD: 2, BEST: 12, DEFAULT: 2,
    }  # fmt: skip
    assert all(run["end"] == "reached" for run in findings.runs if run["group"] != DEFAULT)
    assert [row["reached"] for row in findings.summary] == ["2 of 2"] * len(findings.summary)
    assert len(findings.summary) == 14
    tunings = findings.also["tuning"]
    assert list(tunings) == list(STARTS)
    assert not any(tuning["at_edge"] for tuning in tunings.values())
    best = {run["optimizer"]: run["learning_rate"] for run in findings.runs if run["group"] == BEST}
    assert best == {name: tuning["best"] for name, tuning in tunings.items()}
    assert len(lines) == len(STARTS) + 2 and lines[-1].startswith("seed 1: gradient_descent ")


def test_axes_are_labelled_and_hold_the_data(findings, labelled):
    (view,) = compare_optimizers.draw(findings).values()
    labelled(view)
    assert [axes.get_title() for axes in view.axes] == [
        "all at the learning rate 0.02", "each at its own best learning rate",
    ]  # fmt: skip
    for axes in view.axes:
        assert axes.get_xlabel() == "step (50 images each)"
        assert axes.get_ylabel() == "loss on 300 training images (nats)"
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        names = [text.get_text() for text in axes.get_legend().get_texts()]
        assert [name.partition(",")[0].replace(" ", "_") for name in names] == list(STARTS)
        assert len(axes.collections) >= len(STARTS), "a band for each"
        curve = axes.lines[0].get_ydata()
        assert len(curve) > 10 and curve[0] > 2 > curve[-1]


class Stuck:
    """Stands for an optimizer that never reaches the target."""

    def __init__(self, name, track):
        self.name, self._longest = name, track.longest

    def run(self, rate, seed, target, most=None):
        run = {"optimizer": self.name, "learning_rate": rate, "seed": seed, "end": "not reached"}
        curve = {"curve_steps": [0, 1], "curve_loss": [2.3, 2.3]}
        return {**run, **curve, "steps_to_target": None, "limit": most or self._longest}


def test_a_run_that_does_not_arrive_is_null_and_said_so(monkeypatch, sample, say):
    monkeypatch.setattr(compare_optimizers, "Racer", Stuck)
    findings = compare_optimizers.measure(sample, say, [0.1], 0.1, 50, 2, 1)
    assert {run["steps_to_target"] for run in findings.runs} == {None}
    assert {row["steps_to_target"] for row in findings.summary} == {"never"}
    assert {row["reached"] for row in findings.summary} == {"0 of 2"}
    assert '"steps_to_target": null' in findings.to_json()
    assert all("reached the loss in 0 of 2 runs" in findings.claims[k].measured for k in (0, 1))
    assert len(compare_optimizers.draw(findings)["compare_optimizers"].axes) == 2


@pytest.mark.parametrize(
    "arguments, parts",
    [
        ({"rates": []}, ["`rates`", "rates=[]"]),
        ({"rates": [0.1, 0.1]}, ["`rates`", "different", "[0.1, 0.1]"]),
        ({"rates": [0.1, 0.0]}, ["`rates`", "(0, inf)", "0.0"]),
        ({"target_loss": 0.0}, ["`target_loss`", "(0, 2.0]"]),
        ({"target_loss": 2.5}, ["`target_loss`", "2.5"]),
        ({"max_steps": 0}, ["`max_steps`", "at least 1"]),
        ({"tuning_seeds": 0}, ["`tuning_seeds`", "at least 1"]),
    ],
)
def test_bad_arguments(arguments, parts, fails):
    with fails(*parts):
        compare_optimizers.measure(None, print, **arguments)
