"""Tests the choice of C, and that Keras' heads end near scikit-learn's classifiers."""

import keras
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from lab.chapters import classifiers
from tf_recipes import mnist
from tf_recipes.tools.features import feature_extractor

COSTS = (1e-4, 0.01, 1.0)


@pytest.fixture(autouse=True)
def one_thread():
    """Limits BLAS to one thread, as the chapter does: more threads change where training stops."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(scope="module")
def parts():
    """Returns (images, labels) of 900 training, 300 validation and 300 test images."""
    data = mnist.load()
    images = mnist.pixels(data.train_images, "float32")
    rows = (slice(0, 900), slice(900, 1200), slice(1200, 1500))
    return [(images[each], data.train_labels[each]) for each in rows]


@pytest.fixture(scope="module")
def net():
    """Returns an untrained net, whose outputs serve as features."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((784,))
    hidden = keras.layers.Dense(200, "relu", name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(10)(hidden))


def by_hand(make, parts):
    """Returns (C, validation accuracy, test accuracy) of the best C on the validation images."""
    train, held_out, test = parts
    scores = {cost: make(C=cost).fit(*train).score(*held_out) for cost in COSTS}
    best = max(scores, key=scores.get)
    return best, scores[best], make(C=best).fit(*train).score(*test)


def test_c_is_chosen_by_the_validation_images_and_only_chosen(parts, net):
    extractor = feature_extractor(net, "hidden")
    computed = [(extractor.predict(images, verbose=0), labels) for images, labels in parts]
    for each, given in ((parts, ()), (computed, (net, "hidden"))):
        svm, lr = classifiers.searched(parts, COSTS, *given)
        found = [(run["C"], run["validation_accuracy"], run["test_accuracy"]) for run in (svm, lr)]
        assert (svm["classifier"], lr["classifier"]) == ("SVM", "LR")
        assert found[0] == pytest.approx(by_hand(lambda C: LinearSVC(C=C, dual=False), each))
        assert found[1] == pytest.approx(
            by_hand(lambda C: LogisticRegression(C=C, max_iter=10_000), each)
        )
        assert svm["C"] == 0.01 and svm["test_accuracy"] > 0.75


def test_images_beyond_the_limit_do_not_choose(parts, monkeypatch):
    monkeypatch.setattr(classifiers, "SEARCHED", 30)
    (images, labels), held_out, test = parts
    few = ((images[:30], labels[:30]), held_out, test)
    svm, _ = classifiers.searched(parts, COSTS)
    chosen, validated, _ = by_hand(lambda C: LinearSVC(C=C, dual=False), few)
    assert (svm["C"], svm["validation_accuracy"]) == (chosen, pytest.approx(validated))
    trained_on_all = LinearSVC(C=chosen, dual=False).fit(images, labels)
    assert svm["test_accuracy"] == pytest.approx(trained_on_all.score(*test))


def test_heads_end_near_scikit_learn(parts, net):
    costs = {"SVM": 0.01, "LR": 0.1}
    hinge, squared, log = classifiers.heads(parts, net, "hidden", costs, seed=0)
    assert [run["classifier"] for run in (hinge, squared, log)] == [
        "hinge",
        "squared hinge",
        "log loss",
    ]
    assert [run["C"] for run in (hinge, squared, log)] == [0.01, 0.01, 0.1]
    extractor = feature_extractor(net, "hidden")
    train, _, test = [(extractor.predict(x, verbose=0), labels) for x, labels in parts]
    theirs = (
        LinearSVC(C=0.01, loss="hinge", max_iter=100_000),
        LinearSVC(C=0.01, dual=False),
        LogisticRegression(C=0.1, max_iter=10_000),
    )
    for run, classifier in zip((hinge, squared, log), theirs, strict=True):
        # 300 test images: 2 % are 6 of them
        assert run["test_accuracy"] == pytest.approx(classifier.fit(*train).score(*test), abs=0.02)
        assert run["test_accuracy"] > 0.75


def test_what_does_not_converge_is_an_error(parts, monkeypatch, fails):
    monkeypatch.setattr(classifiers, "MAX_ITERATIONS", 2)
    with fails("must converge within 2 iterations", "C=[1.0]", "smaller C"):
        classifiers.searched(parts, (1.0,))
