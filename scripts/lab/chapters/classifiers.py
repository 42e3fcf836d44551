"""Trains linear classifiers of scikit-learn and Keras on pixels or on a net's features."""

import contextlib
import math
import warnings

import keras
import numpy as np
import tensorflow as tf

from lab.chapters import nets
from tf_recipes._support import validation
from tf_recipes.recipe import N_OUTPUTS
from tf_recipes.tools.linear_heads import logistic_head, svm_head

# Imported before scikit-learn itself: its error text tells how to install scikit-learn.
from tf_recipes.tools.sklearn_features import KerasFeatures

SVM, LR = "SVM", "LR"
HEADS = {"hinge": SVM, "squared hinge": SVM, "log loss": LR}  # loss -> classifier with the same C
SEARCHED = 6000  # training images in the search for C
MAX_ITERATIONS = 10_000
EPOCHS, BATCH, RATE = 20, 100, 0.01  # training of a Keras head


def pipeline(kind, net=None, layer=None):
    """Builds a scikit-learn classifier on the outputs of `layer` of `net`, or on the pixels.

    Args:
        kind: `"SVM"`, one for each class with the squared hinge loss, or `"LR"`.
        net, layer: arguments of `KerasFeatures`; None for the pixels.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.svm import LinearSVC

    # scikit-learn recommends dual=False for more rows than features.
    linear = {SVM: LinearSVC(dual=False), LR: LogisticRegression()}[kind]
    classifier = ("classifier", linear.set_params(max_iter=MAX_ITERATIONS))
    return Pipeline(
        [classifier] if net is None else [("net", KerasFeatures(net, layer)), classifier]
    )


def searched(parts, costs, net=None, layer=None):
    """Trains scikit-learn's classifiers, each with the C of the best validation accuracy.

    Cross-validation among the training images would rate every C as good, because the net was
    trained on their labels. The net was not trained on the labels of the validation images.

    Args:
        parts: three pairs (images, labels): training, validation, test.
        costs: the candidates for C.
        net, layer: as in `pipeline`.

    Returns:
        A list of two dicts, for the SVM and the LR: `classifier`, `library`, `C`,
        `validation_accuracy` (with the best C) and `test_accuracy`.

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
    """Chooses C for one classifier, trains it on all training images, and returns its figures."""
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV, PredefinedSplit

    train, held_out, test = parts
    first = [part[:SEARCHED] for part in train]
    rows, labels = (np.concatenate(pair) for pair in zip(first, held_out, strict=True))
    fold = np.repeat([-1, 0], [len(first[1]), len(held_out[1])])  # -1: never held out
    search = GridSearchCV(
        classifier,
        {"classifier__C": list(costs)},
        cv=PredefinedSplit(fold),
        refit=False,  # a refit would train on the validation images, too
        error_score="raise",
    ).fit(rows, labels)
    trained = clone(classifier).set_params(**search.best_params_).fit(*train)
    return {
        "C": search.best_params_["classifier__C"],
        "validation_accuracy": float(search.best_score_),
        "test_accuracy": float(trained.score(*test)),
    }


def heads(parts, net, layer, costs, seed):
    """Trains a Keras head with each loss on the features. The features are computed once.

    Args:
        parts: as in `searched`.
        net, layer: as in `pipeline`.
        costs: `{classifier: C}`, as chosen by `searched`.
        seed: int, seed of the batches.

    Returns:
        A list with a dict for each loss: `classifier` (the loss), `library`, `C`, `test_accuracy`.
    """
    (images, labels), _, test = parts
    features = KerasFeatures(net, layer, batch_size=1000).fit(images)
    train, test = (
        (features.transform(rows), classes) for rows, classes in ((images, labels), test)
    )
    runs = []
    for loss, kind in HEADS.items():
        head = _head(loss, train[0].shape[1], len(labels), costs[kind])
        head.fit(_batches(*train, seed), shuffle=False, verbose=0)
        run = {"classifier": loss, "library": "Keras", "C": costs[kind]}
        runs.append({**run, "test_accuracy": nets.accuracy(head, *test)})
    return runs


def _batches(rows, labels, seed):
    """Returns the batches of all epochs, in the order that `nets.fit` gives them, as a dataset.

    In one call of `fit`, Keras prepares its data once; in a call for each epoch, this takes longer
    than the training.
    """
    rng, count = np.random.default_rng(seed), len(labels)
    orders = np.stack([rng.permutation(count) for _ in range(EPOCHS)])
    starts, rows, labels = tf.data.Dataset.range(0, count, BATCH), *map(tf.constant, (rows, labels))

    def of_epoch(order):
        return starts.map(lambda start: order[start : start + BATCH])

    chosen = tf.data.Dataset.from_tensor_slices(orders).flat_map(of_epoch)
    chosen = chosen.apply(tf.data.experimental.assert_cardinality(EPOCHS * len(starts)))
    return chosen.map(lambda batch: (tf.gather(rows, batch), tf.gather(labels, batch)))


def _head(loss, width, samples, C):
    """Builds a compiled Keras head with a loss of `HEADS` on features of `width` columns."""
    inputs = keras.Input((width,))
    rate = keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * math.ceil(samples / BATCH))
    options = {"optimizer": keras.optimizers.Adam(rate), "steps_per_execution": 50}
    options["jit_compile"] = nets.JIT_COMPILE
    arguments = (keras.Model(inputs, inputs), N_OUTPUTS, samples, C)
    if loss == "log loss":
        return logistic_head(*arguments, **options)
    return svm_head(*arguments, squared=loss == "squared hinge", **options)


@contextlib.contextmanager
def _converging(costs):
    """Raises an error if a classifier does not converge, and limits BLAS to one thread."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    # Small matrix products are many times slower if the threads of BLAS compete with TensorFlow's.
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            yield
        except ConvergenceWarning:
            validation.fail(
                f"A classifier must converge within {MAX_ITERATIONS} iterations.",
                f"C={list(costs)!r}",
                "Pass a smaller C.",
            )
