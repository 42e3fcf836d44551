"""Linear classifiers on pixels or on a net's features: scikit-learn's, and the same in Keras."""

import contextlib
import math
import warnings

import keras
import numpy as np

from lab.chapters import nets
from tf_recipes._support import validation
from tf_recipes.recipe import N_OUTPUTS
from tf_recipes.tools.linear_heads import logistic_head, svm_head

# First, because it says what to do where scikit-learn, imported below, is missing.
from tf_recipes.tools.sklearn_features import KerasFeatures

SVM, LR = "SVM", "LR"
HEADS = {"hinge": SVM, "squared hinge": SVM, "log loss": LR}  # loss -> whose C it takes
SEARCHED = 6000  # training images that C is chosen with
MAX_ITERATIONS = 10_000
EPOCHS, BATCH, RATE = 20, 100, 0.01  # of a Keras head


def pipeline(kind, net=None, layer=None):
    """A classifier of scikit-learn on what `layer` of `net` gives out, or on the pixels.

    Args:
        kind: `"SVM"`, one for each class with the squared hinge loss, or `"LR"`.
        net, layer: for `KerasFeatures`; no net means the pixels.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.svm import LinearSVC

    # dual=False, because there are more rows than features
    linear = {SVM: LinearSVC(dual=False), LR: LogisticRegression()}[kind]
    classifier = ("classifier", linear.set_params(max_iter=MAX_ITERATIONS))
    return Pipeline(
        [classifier] if net is None else [("net", KerasFeatures(net, layer)), classifier]
    )


def searched(parts, costs, net=None, layer=None):
    """Trains scikit-learn's classifiers, each with the C that does best on the validation images.

    Cross-validation among the training images would find every C good, because the net has seen
    their labels. It has not seen those of the validation images.

    Args:
        parts: ((images, labels) of training, of validation, of test).
        costs: the values of C to choose from.
        net, layer: as in `pipeline`.

    Returns:
        For the SVM and the LR a dict of `classifier`, `library`, `C`, `validation_accuracy` (the
        best C's) and `test_accuracy`.

    Raises:
        ValueError: if a training does not converge.
    """
    with _converging(costs):
        return [
            {
                "classifier": kind,
                "library": "scikit-learn",
                **_searched(pipeline(kind, net, layer), parts, costs),
            }
            for kind in (SVM, LR)
        ]


def _searched(classifier, parts, costs):
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV, PredefinedSplit

    train, held_out, test = parts
    seen = [part[:SEARCHED] for part in train]
    rows, labels = (np.concatenate(pair) for pair in zip(seen, held_out, strict=True))
    fold = np.repeat([-1, 0], [len(seen[1]), len(held_out[1])])  # -1: never held out
    found = GridSearchCV(
        classifier,
        {"classifier__C": list(costs)},
        cv=PredefinedSplit(fold),
        refit=False,  # it would train on the validation images, too
        error_score="raise",
    ).fit(rows, labels)
    trained = clone(classifier).set_params(**found.best_params_).fit(*train)
    return {
        "C": found.best_params_["classifier__C"],
        "validation_accuracy": float(found.best_score_),
        "test_accuracy": float(trained.score(*test)),
    }


def heads(parts, net, layer, costs, seed):
    """Trains a Keras head with each loss on the features, which are computed once.

    Args:
        parts: as in `searched`.
        net, layer: as in `pipeline`.
        costs: `{classifier: C}`, what `searched` has chosen.
        seed: int, of the batches.

    Returns:
        For each loss a dict of `classifier` (the loss), `library`, `C` and `test_accuracy`.
    """
    (images, labels), _, test = parts
    features = KerasFeatures(net, layer, batch_size=1000).fit(images)
    train, test = (
        (features.transform(rows), classes) for rows, classes in ((images, labels), test)
    )
    runs = []
    for loss, kind in HEADS.items():
        head = _head(loss, train[0].shape[1], len(labels), costs[kind])
        nets.fit(head, *train, EPOCHS, seed, batch_size=BATCH)
        run = {"classifier": loss, "library": "Keras", "C": costs[kind]}
        runs.append({**run, "test_accuracy": nets.accuracy(head, *test)})
    return runs


def _head(loss, width, samples, C):
    inputs = keras.Input((width,))
    rate = keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * math.ceil(samples / BATCH))
    options = {"optimizer": keras.optimizers.Adam(rate), "steps_per_execution": 50}
    arguments = (keras.Model(inputs, inputs), N_OUTPUTS, samples, C)
    if loss == "log loss":
        return logistic_head(*arguments, **options)
    return svm_head(*arguments, squared=loss == "squared hinge", **options)


@contextlib.contextmanager
def _converging(costs):
    """Takes a classifier that has not converged for an error, and one thread for each product."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    # Products this small take many times as long where BLAS' threads wait beside TensorFlow's.
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            yield
        except ConvergenceWarning:
            validation.fail(
                f"A classifier must converge within {MAX_ITERATIONS} iterations.",
                f"C={list(costs)!r}",
                "Take a smaller C.",
            )
