"""Tests that linear classifiers are better on a trained net's features than on pixels."""

import itertools
import json

import numpy as np
import pytest
from scipy import stats
from sklearn.svm import LinearSVC

from lab.chapters import classifiers, features, nets
from tf_recipes import mnist

SEEDS = 2
MADE_UP_SEEDS = 3


@pytest.fixture(scope="module")
def ran(run_chapter):
    few = ["--hidden=60,30", "--C=0.1", "--epochs=8", f"--seeds={SEEDS}"]
    return run_chapter("features", *few, **{"classifiers.EPOCHS": 8, "classifiers.SEARCHED": 500})


@pytest.fixture(scope="module")
def said(ran):
    return ran.lines


@pytest.fixture(scope="module")
def findings(ran):
    return ran.findings


def test_the_script(ran):
    assert ran.errors == ""
    assert "| pixels            | SVM           | scikit-learn | 0.1 " in ran.printed
    text = "the features that a DNN extracts can be handed to an SVM or an LR. Mea"
    assert text in ran.printed
    assert ran.files == ["features.json", "features.png"]
    written = ran.written
    assert set(written) == {"settings", "runs", "summary", "claims", "also", "environment"}
    assert written["settings"]["C"] == [0.1]
    assert written["settings"]["command"].startswith("python scripts/features.py --hidden=60,30 ")
    assert [run["seed"] for run in written["runs"]] == [None] * 2 + [0] * 10 + [1] * 10
    assert len(written["claims"]) == 4


def accuracies(findings, place, classifier):
    return np.array(
        [
            run["test_accuracy"]
            for run in findings.runs
            if (run["features"], run["classifier"]) == (place, classifier)
        ]
    )


@pytest.mark.parametrize("kind", ["SVM", "LR"])
def test_features_are_better_than_pixels_and_than_those_of_an_untrained_net(findings, kind):
    trained = accuracies(findings, "hidden2", kind)
    assert trained.shape == (SEEDS,)
    assert (trained > 0.89).all()
    assert (trained > accuracies(findings, "pixels", kind) + 0.015).all()
    assert (trained > accuracies(findings, "untrained hidden2", kind) + 0.1).all()


@pytest.mark.parametrize("kind", ["SVM", "LR", "hinge", "squared hinge", "log loss"])
def test_whatever_classifies_the_features_does_about_as_well_as_the_net(findings, kind):
    own = accuracies(findings, "hidden2", "softmax")
    assert abs(np.mean(accuracies(findings, "hidden2", kind) - own)) < 0.015


def test_pixels_are_scikit_learns_own_affair(findings, sample):
    images = mnist.pixels(sample.train_images, "float32")[:5400]
    svm = LinearSVC(C=0.1, dual=False).fit(images, sample.train_labels[:5400])
    score = svm.score(mnist.pixels(sample.test_images, "float32"), sample.test_labels)
    assert accuracies(findings, "pixels", "SVM") == pytest.approx([score])


def test_every_run_is_there(findings, said):
    classified = ["SVM", "LR"]
    expected = [("pixels", name) for name in classified]
    for _ in range(SEEDS):
        expected += itertools.product(["untrained hidden2", "hidden1", "hidden2"], classified)
        expected += [
            ("hidden2", name) for name in ("softmax", "hinge", "squared hinge", "log loss")
        ]
    assert [(run["features"], run["classifier"]) for run in findings.runs] == expected
    assert [run["seed"] for run in findings.runs] == [None] * 2 + [0] * 10 + [1] * 10
    assert len(said) == SEEDS and said[1].startswith("seed 1: SVM on untrained hidden2 ")
    written = json.loads(findings.to_json())
    assert written["runs"] == findings.runs and written["settings"]["margin"] == 0.005
    assert len(findings.summary) == 2 * 4 + 4


def test_a_claim_says_what_was_measured(findings):
    own = accuracies(findings, "hidden2", "softmax")
    gains = accuracies(findings, "hidden2", "LR") - own
    half = stats.t.ppf(1 - 0.05 / 2, SEEDS - 1) * gains.std(ddof=1) / SEEDS**0.5
    claim = findings.claims[1]
    assert f"LR {gains.mean():+.2%} ± {half:.2%}." in claim.measured
    assert claim.text.endswith("at most 0.5% below the net itself.")


def test_figure(findings, labelled):
    (view,) = features.draw(findings).values()
    labelled(view)
    whole, near = view.axes
    assert whole.get_ylabel() == "test accuracy (%)"
    assert near.get_ylabel() == "test accuracy above the net's own (% points)"
    assert {axes.get_xlabel() for axes in view.axes} == {"what is classified"}
    places = [[each.get_text() for each in axes.get_xticklabels()] for axes in view.axes]
    assert places[1] == ["hidden1", "hidden2"]
    assert places[0] == ["pixels", "untrained hidden2", *places[1]]
    svm = np.array(whole.containers[0].lines[0].get_ydata(), float)
    expected = [100 * accuracies(findings, place, "SVM").mean() for place in places[0]]
    np.testing.assert_allclose(svm, expected)
    assert len(whole.containers) == len(near.containers) == 5
    head = np.array(near.containers[4].lines[0].get_ydata(), float)
    own = accuracies(findings, "hidden2", "softmax")
    above = accuracies(findings, "hidden2", "log loss") - own
    np.testing.assert_allclose(head, [100 * above.mean()], atol=1e-9)


def measured(monkeypatch, sample, svm, lr, heads, rise=0.01):
    """Runs `measure` on made-up accuracies; the net itself has 90, 91 and 92 %.

    Args:
        svm, lr: accuracies on pixels, untrained features, the first and the last hidden layer, at
            seed 0.
        heads: accuracies of the three losses, at seed 0.
        rise: increase of all these accuracies, except on pixels, from seed to seed.
    """
    rows = iter([(svm[0], lr[0]), *list(zip(svm[1:], lr[1:], strict=True)) * MADE_UP_SEEDS])
    seeds, shift = iter(range(MADE_UP_SEEDS)), {"": 0.0}

    def searched(parts, costs, net=None, layer=None):
        pair = zip(("SVM", "LR"), next(rows), strict=True)
        extra = shift[""] if net is not None else 0.0
        made = {"library": "scikit-learn", "C": 1.0}
        return [{"classifier": kind, **made, "test_accuracy": a + extra} for kind, a in pair]

    def trained(parts, net, layer, costs, seed):
        assert costs == {"SVM": 1.0, "LR": 1.0}
        made, extra = {"library": "Keras", "C": 1.0}, rise * seed
        pair = zip(classifiers.HEADS, heads, strict=True)
        return [{"classifier": loss, **made, "test_accuracy": a + extra} for loss, a in pair]

    def restart(seed):
        shift[""] = rise * seed
        return "net"

    monkeypatch.setattr(classifiers, "searched", searched)
    monkeypatch.setattr(classifiers, "heads", trained)
    monkeypatch.setattr(nets, "Restarts", lambda build: restart)
    monkeypatch.setattr(nets, "fit", lambda *arguments, **options: None)
    monkeypatch.setattr(nets, "accuracy", lambda *arguments: 0.9 + 0.01 * next(seeds))
    return features.measure(sample, lambda line: None, seeds=MADE_UP_SEEDS)


def test_claims_that_are_borne_out(monkeypatch, sample):
    found = measured(
        monkeypatch, sample, (0.8, 0.7, 0.85, 0.9), (0.8, 0.7, 0.85, 0.897), (0.9, 0.91, 0.896)
    )
    assert [claim.holds for claim in found.claims] == [True] * 4
    # .90, .91, .92 against .80: 11 % +- t s / sqrt(3), t(1 - .05 / 2) = 4.3027
    assert "SVM above SVM on pixels +11.00% ± 2.48%;" in found.claims[0].measured
    assert "SVM above SVM on untrained hidden2 +20.00% ± 0.00%;" in found.claims[0].measured
    assert found.claims[1].measured.endswith("SVM +0.00% ± 0.00%; LR -0.30% ± 0.00%.")
    assert found.claims[2].measured.endswith(
        "hinge +0.00% ± 0.00%; squared hinge +1.00% ± 0.00%; log loss -0.40% ± 0.00%."
    )
    assert found.claims[3].measured.endswith("SVM +5.00% ± 0.00%; LR +4.70% ± 0.00%.")


def test_claims_that_are_not(monkeypatch, sample):
    found = measured(
        monkeypatch, sample, (0.95, 0.7, 0.9, 0.9), (0.8, 0.7, 0.85, 0.894), (0.9, 0.9, 0.894)
    )
    assert [claim.holds for claim in found.claims] == [False] * 4
    assert found.claims[0].line().startswith("NOT borne out: the features that a DNN extracts")
    assert found.claims[3].measured.endswith("SVM +0.00% ± 0.00%; LR +4.40% ± 0.00%.")


def test_what_varies_too_much_to_be_as_good(monkeypatch, sample):
    same = (0.8, 0.7, 0.85, 0.9)
    found = measured(monkeypatch, sample, same, same, (0.9,) * 3, rise=0.015)
    # 0, .5 and 1 % above the net; t(1 - .05 / 2) = 4.3027
    assert found.claims[1].measured.endswith("SVM +0.50% ± 1.24%; LR +0.50% ± 1.24%.")
    assert found.claims[2].measured.endswith("log loss +0.50% ± 1.24%.")
    assert [claim.holds for claim in found.claims] == [True, False, False, True]


@pytest.mark.parametrize(
    "settings, parts",
    [
        ({"hidden": (100,)}, ("two hidden layers or more", "hidden=[100]")),
        ({"hidden": (100, 0)}, ("`hidden`", "hidden=0")),
        ({"costs": (1.0, 0.0)}, ("`C`", "(0, inf)", "C=0.0")),
    ],
)
def test_settings_that_cannot_be(settings, parts, sample, fails):
    with fails(*parts):
        features.measure(sample, None, **settings)
