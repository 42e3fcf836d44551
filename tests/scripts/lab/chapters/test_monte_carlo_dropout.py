"""Tests the gain of averaging sub-networks, the uncertainty, and the verdicts."""

import math

import numpy as np
import pytest

from lab.chapters import monte_carlo_dropout as experiment
from lab.chapters.monte_carlo_dropout import auroc, draw, measure, surest


@pytest.fixture(scope="module")
def ran(run_chapter):
    few = ["--epochs=8", "--samples=30", "--seeds=2"]
    return run_chapter("monte_carlo_dropout", "--keep_prob=0.5", *few)


@pytest.fixture(scope="module")
def found(ran):
    return ran.findings


def test_the_script(ran):
    assert ran.errors == ""
    assert "| arithmetic mean of 30 " in ran.printed and "| mutual information " in ran.printed
    text = "the final network is this averaging ensemble, in what it decides. Mea"
    assert text in ran.printed
    files = ["monte_carlo_dropout.json", "monte_carlo_dropout.png", "monte_carlo_uncertainty.png"]
    assert ran.files == files
    written = ran.written
    assert set(written) == {"settings", "runs", "summary", "claims", "also", "environment"}
    assert written["settings"]["counts"] == [1, 2, 3, 5, 10, 20, 30]
    assert written["settings"]["keep_prob"] == 0.5
    assert [run["seed"] for run in written["runs"]] == [0, 1]
    assert set(written["runs"][0]) >= {"plain", "arithmetic", "geometric", "auroc", "surest"}


def test_it_averages_up_to_all_of_them(found):
    assert found.settings["counts"] == [1, 2, 3, 5, 10, 20, 30]
    for run in found.runs:
        assert len(run["arithmetic"]) == len(run["geometric"]) == 7
        assert run["arithmetic"][0] == pytest.approx(run["geometric"][0])


def test_the_average_of_many_is_better_than_one_and_likelier(found):
    for run in found.runs:
        for mean in ("arithmetic", "geometric"):
            one, *_, all_of_them = run[mean]
            assert all_of_them["accuracy"] > one["accuracy"] + 0.04
            assert all_of_them["nll"] < one["nll"] - 0.1
    assert found.claims[0].holds


def test_the_plain_prediction_decides_as_the_average_and_is_surer(found):
    """The plain prediction is near the geometric mean of the probabilities, not the arithmetic."""
    for run in found.runs:
        average, product = run["arithmetic"][-1], run["geometric"][-1]
        assert abs(run["plain"]["accuracy"] - average["accuracy"]) < 0.02
        assert run["plain"]["nll"] < average["nll"] - 0.05
        assert abs(run["plain"]["nll"] - product["nll"]) < 0.03
    assert not found.claims[2].holds


def test_uncertainty_tells_wrong_from_right(found):
    for run in found.runs:
        assert set(run["auroc"]) == {
            "plain entropy",
            "predictive entropy",
            "mutual information",
            "standard deviation",
        }
        for name, value in run["auroc"].items():
            assert value > 0.7, name
        assert run["entropy"]["wrong"] > run["entropy"]["right"] + 0.3
        for accuracies in run["surest"].values():
            assert accuracies[0] >= accuracies[-1] + 0.05
        whole = run["arithmetic"][-1]["accuracy"]
        assert run["surest"]["predictive entropy"][-1] == pytest.approx(whole)
        counted = {name: int(np.sum(counts)) for name, counts in run["histograms"].items()}
        assert counted == {"right": round(1000 * whole), "wrong": round(1000 * (1 - whole))}


def test_the_figures(found, labelled):
    drawn = draw(found)
    assert list(drawn) == ["monte_carlo_dropout", "monte_carlo_uncertainty"]
    for view in drawn.values():
        labelled(view)
    accuracy, likelihood = drawn["monte_carlo_dropout"].axes
    assert likelihood.get_ylabel() == "negative log-likelihood (nats)"
    assert len(accuracy.containers) == len(likelihood.containers) == 2
    curves, histogram = drawn["monte_carlo_uncertainty"].axes
    assert len(curves.containers) == 4
    assert histogram.get_xlabel() == "predictive entropy (nats)"


def test_the_same_seed_gives_the_same_figures(sample, say):
    first, second = (measure(sample, say, epochs=1, samples=2, seeds=2).to_json() for _ in range(2))
    assert first == second


def test_means_by_hand():
    # of (1/2, 1/2) and (1/10, 9/10): 3/10 and 7/10; sqrt(5/100) to sqrt(45/100) is 1 to 3
    draws = np.array([[[0.5, 0.5]], [[0.1, 0.9]], [[1.0, 0.0]]])
    arithmetic = experiment._averages(draws, 2, "arithmetic")  # the third is left over
    np.testing.assert_allclose(arithmetic, [[[0.3, 0.7]]])
    np.testing.assert_allclose(experiment._averages(draws, 2, "geometric"), [[[0.25, 0.75]]])


def test_scores_by_hand():
    scores = experiment._scores(np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([0, 0]))
    assert scores["accuracy"] == 0.5
    assert scores["nll"] == pytest.approx(-(math.log(0.5) + math.log(0.2)) / 2)


def test_auroc_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    rng = np.random.default_rng(0)
    wrong = rng.integers(0, 2, 200).astype(bool)
    uncertainty = rng.integers(0, 20, 200) + 3 * wrong  # with ties
    expected = metrics.roc_auc_score(wrong, uncertainty)
    assert auroc(uncertainty[wrong], uncertainty[~wrong]) == pytest.approx(expected)
    assert math.isnan(auroc(uncertainty[:0], uncertainty))


def test_accuracy_on_the_surest():
    hits = np.array([True, False, True, True])
    assert surest(np.array([0.1, 0.9, 0.2, 0.8]), hits, 75) == 1
    assert surest(np.array([0.1, 0.2, 0.9, 0.8]), hits, 50) == 0.5
    assert surest(np.array([0.1, 0.2, 0.9, 0.8]), hits, 1) == 1  # one image at least


def runs(plain, one, mean, product):
    """Makes runs of three seeds with these accuracies; each wrong prediction costs one nat."""

    def scores(values):
        return [{"accuracy": value, "nll": 1 - value} for value in values]

    parts = zip(*map(scores, (plain, one, mean, product)), strict=True)
    return [{"plain": p, "arithmetic": [o, m], "geometric": [o, g]} for p, o, m, g in parts]


ONE, MANY = [0.70, 0.71, 0.72], [0.80, 0.81, 0.82]


def test_a_plain_prediction_close_to_the_average_bears_the_argument_out():
    claims = experiment._claims(runs([0.805, 0.815, 0.825], ONE, MANY, MANY), 9)
    assert [claim.holds for claim in claims] == [True, True, True]
    assert "test accuracy +10.00% ± 0.00%" in claims[0].measured
    assert "+0.50% ± 0.00%" in claims[1].measured and "is 1.00%." in claims[1].measured
    assert "-0.005 ± 0.000" in claims[2].measured


@pytest.mark.parametrize("plain", [[0.83, 0.84, 0.85], [0.77, 0.78, 0.79], [0.79, 0.81, 0.83]])
def test_one_that_is_better_worse_or_unsteady_does_not(plain):
    claims = experiment._claims(runs(plain, ONE, MANY, MANY), 9)
    assert [claim.holds for claim in claims] == [True, False, False]


def test_an_average_no_better_than_one_is_said():
    assert not experiment._claims(runs(ONE, ONE, [0.69, 0.71, 0.74], ONE), 9)[0].holds


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"keep_prob": 1.0}, "`keep_prob` must be a finite number in (0, 1)."),
        ({"keep_prob": 0.0}, "keep_prob=0.0"),
        ({"samples": 1}, "`samples` must be a whole number of at least 2."),
    ],
)
def test_bad_settings(arguments, part, fails, sample, say):
    with fails(part):
        measure(sample, say, **arguments)
