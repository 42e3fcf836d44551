"""Tests the range test and the chapter's closing advice on the sample of MNIST."""

import numpy as np
import pytest

from lab.chapters import learning_rate
from lab.chapters.learning_rate import DECAYING, HIGH, LOW, SUGGESTED

NAMES = [LOW, SUGGESTED, HIGH, DECAYING]


@pytest.fixture(scope="module")
def ran(run_chapter):
    few = ["--epochs=2", "--target_accuracy=0.8", "--seeds=3"]
    return run_chapter("learning_rate", *few, **{"optimizer_race.HIDDEN": [100]})


@pytest.fixture(scope="module")
def findings(ran):
    return ran.findings


def test_the_script(ran):
    assert ran.errors == ""
    assert "| suggested      | 0.0" in ran.printed and "| high, decaying | 0.2" in ran.printed
    text = "a higher learning rate makes it faster. Measured: epochs more until 80%"
    assert text in ran.printed
    assert ran.files == ["learning_rate.json", "learning_rate.png"]
    written = ran.written
    assert set(written) == {"settings", "runs", "summary", "claims", "also", "environment"}
    assert written["settings"]["command"].startswith("python scripts/learning_rate.py --epochs=2 ")
    assert [run["rate"] for run in written["runs"]] == 3 * NAMES
    assert NAMES == ["low", "suggested", "high", "high, decaying"]
    assert [test["seed"] for test in written["also"]["range_tests"]] == [0, 1, 2]


def mean(findings, name, key):
    return np.mean([run[key] for run in findings.runs if run["rate"] == name])


def test_the_rates_follow_from_the_range_tests(findings):
    suggested = [test["suggestion"] for test in findings.also["range_tests"]]
    rates = findings.settings["rates"]
    assert list(rates) == NAMES
    middle = sorted(suggested)[1]
    np.testing.assert_allclose(list(rates.values()), [middle / 10, middle, *2 * [10 * middle]])
    assert 1e-3 < middle < 0.1
    for test in findings.also["range_tests"]:
        rates, losses = test["rates"], np.array(test["losses"])
        np.testing.assert_allclose(np.diff(np.log(rates)), np.log(1e7) / 99)
        assert rates[0] == 1e-6 and 2 < losses[:50].mean() < 3
        assert losses.min() < 1.7 and not losses[-1] < 3, "it falls, and ends diverged"


def test_a_higher_rate_is_faster_and_decay_is_more_accurate(findings):
    epochs = {name: mean(findings, name, "epochs_to_target") for name in NAMES}
    assert epochs[HIGH] < 0.6 * epochs[LOW] and epochs[DECAYING] < 0.6 * epochs[LOW]
    accuracy = {name: mean(findings, name, "test_accuracy") for name in NAMES}
    assert accuracy[DECAYING] > accuracy[HIGH]
    assert min(accuracy[SUGGESTED], accuracy[DECAYING]) > accuracy[LOW] + 0.02
    assert findings.claims[0].holds


def test_the_rate_decays_from_the_high_to_the_low_one(findings):
    decay, rates = findings.settings["decay"], findings.settings["rates"]
    steps = 2 * 5400 / 50
    end = rates[HIGH] * decay["decay_rate"] ** (steps / decay["decay_steps"])
    assert end == pytest.approx(rates[LOW])


def test_axes_are_labelled_and_hold_the_data(findings, labelled):
    (view,) = learning_rate.draw(findings).values()
    labelled(view)
    tested, trained = view.axes
    assert tested.get_xlabel() == "learning rate" and tested.get_xscale() == "log"
    assert tested.get_ylabel() == "training loss, moving average over batches (nats)"
    assert trained.get_xlabel() == "epoch"
    assert trained.get_ylabel() == "error on the validation images (%)"
    names = [text.get_text().partition(":")[0] for text in tested.get_legend().get_texts()]
    assert names == ["range test, one line for each seed", LOW, SUGGESTED, HIGH]
    assert len(tested.lines) == 3 + 3
    assert tested.lines[4].get_xdata()[0] == findings.settings["rates"][SUGGESTED]
    names = [text.get_text().partition(":")[0] for text in trained.get_legend().get_texts()]
    assert names == NAMES and len(trained.collections) == 4
    for line, name in zip(trained.lines, NAMES, strict=True):
        errors = [100 * (1 - np.array(run["val_accuracy"])) for run in findings.runs
                  if run["rate"] == name]  # fmt: skip
        np.testing.assert_allclose(line.get_ydata(), np.mean(errors, axis=0))
        assert len(line.get_xdata()) == 10


def made_up(low, suggested, high, decaying, epochs=((9, 9), (1, 1))):
    """Makes runs with these test accuracies, and these epochs to the target for low and high."""
    reached = {LOW: epochs[0], SUGGESTED: (1, 1), HIGH: epochs[1], DECAYING: (1, 1)}
    accuracies = zip(NAMES, (low, suggested, high, decaying), strict=True)
    return [
        {"rate": name, "seed": seed, "test_accuracy": a, "epochs_to_target": reached[name][seed]}
        for name, pair in accuracies
        for seed, a in enumerate(pair)
    ]


SETTINGS = {"epochs": 10, "target_accuracy": 0.9, "rates": dict.fromkeys(NAMES, 0.1)}


@pytest.mark.parametrize(
    "accuracies, verdicts",
    [
        # low, suggested, high, decaying
        (((0.95, 0.95), (0.95, 0.95), (0.9, 0.9), (0.95, 0.95)), (True, True, True)),
        (((0.85, 0.85), (0.95, 0.95), (0.9, 0.9), (0.95, 0.95)), (True, False, True)),
        (((0.95, 0.95), (0.85, 0.85), (0.9, 0.9), (0.9, 0.9)), (True, False, False)),
        # 1 % and 3 % more are 2 +- 12.7 %
        (((0.95, 0.95), (0.95, 0.95), (0.9, 0.9), (0.91, 0.93)), (True, True, False)),
    ],
)
def test_verdicts_on_accuracy(accuracies, verdicts):
    claims = learning_rate._claims(made_up(*accuracies), SETTINGS)
    assert tuple(claim.holds for claim in claims) == verdicts


def test_a_run_that_does_not_arrive_counts_with_all_epochs():
    same = 4 * ((0.9, 0.9),)
    faster, *_ = learning_rate._claims(made_up(*same, ((None, None), (1, 1))), SETTINGS)
    assert faster.holds and "-9.00 ± 0.00; 0 of 2 low runs and 2 of 2 high" in faster.measured
    slower, *_ = learning_rate._claims(made_up(*same, ((9, 9), (None, None))), SETTINGS)
    assert not slower.holds and "+1.00" in slower.measured
    rows = learning_rate._summary(made_up(*same, ((None, None), (None, 1))), SETTINGS)
    assert [row["epochs_to_target"] for row in rows] == [
        "never",
        "1.00 ± 0.00",
        "1.00",
        "1.00 ± 0.00",
    ]
    assert [row["reached"] for row in rows] == ["0 of 2", "2 of 2", "1 of 2", "2 of 2"]


def test_without_a_suggestion_there_is_nothing_to_compare(fails):
    with fails("must suggest a learning rate", "none in 2 tests: the loss never fell"):
        learning_rate._rates(2 * [{"suggestion": None, "reason": "the loss never fell"}])
    rates = learning_rate._rates([{"suggestion": s} for s in (None, 0.01, 0.03, 0.02)])
    assert rates[SUGGESTED] == pytest.approx(0.02)


@pytest.mark.parametrize(
    "arguments, parts",
    [
        ({"epochs": 0}, ["`epochs`", "at least 1"]),
        ({"target_accuracy": 1.0}, ["`target_accuracy`", "(0, 1)", "1.0"]),
        ({"target_accuracy": 0}, ["`target_accuracy`", "(0, 1)"]),
    ],
)
def test_bad_arguments(arguments, parts, fails):
    with fails(*parts):
        learning_rate.measure(None, print, **arguments)
