"""Tests what is said of the operations of a traced step."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.fast_fit import batches, operations

X, Y = np.ones((4, 3), "float32"), np.array([0, 1, 2, 1])


def found(step, data=(X, Y, None)):
    return operations.traced(step, batches.specs(data, 2))


def entropy(labels, logits):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def in_a_loop(x, read):
    """Reads an array of tensors in a loop."""
    array = tf.TensorArray(tf.float32, 3).unstack(tf.transpose(x))
    return tf.while_loop(
        lambda i, s: i < 3, lambda i, s: (i + 1, s + read(array, i)), (0, 0 * x[:, 0])
    )


UNPROVEN = {
    "products": (lambda x, y: tf.tanh(x @ tf.ones((3, 2))), ()),
    "a place that is constant": (lambda x, y: x[:, 1] + tf.gather(x, [0, 2], axis=1)[0, 0], ()),
    "a place from the data": (lambda x, y: tf.gather(x, y, axis=1), ("GatherV2",)),
    "a slice from the data": (lambda x, y: x[:, : y[0]], ("StridedSlice",)),
    "floats divided": (lambda x, y: x / x, ()),
    "a maximum, whose NaN XLA ignores": (lambda x, y: tf.reduce_max(x, axis=1), ("Max",)),
    "a minimum, whose NaN XLA ignores": (lambda x, y: tf.reduce_min(x, axis=1), ("Min",)),
    "a maximum of whole numbers": (lambda x, y: tf.reduce_max(y), ()),
    "computed floats made whole": (lambda x, y: tf.cast(-x, tf.uint8), ("Cast",)),
    "data made whole": (lambda x, y: tf.cast(x, tf.int32), ()),
    "whole numbers made floats": (lambda x, y: tf.cast(y, tf.float32), ()),
    "whole numbers divided": (lambda x, y: 5 // y, ("FloorDiv",)),
    "sizes divided": (lambda x, y: tf.size(x) // tf.constant(2), ()),
    "numbers drawn": (
        lambda x, y: tf.random.stateless_uniform((2,), (1, 2)),
        ("StatelessRandomGetKeyCounter", "StatelessRandomUniformV2"),
    ),
    "a check": (lambda x, y: tf.debugging.check_numerics(x, "bad"), ("CheckNumerics",)),
    "Python": (lambda x, y: tf.numpy_function(np.copy, [x], tf.float32), ("PyFunc",)),
    "a printed line": (lambda x, y: tf.print(x), ("PrintV2", "StringFormat")),
    "within a condition": (
        lambda x, y: tf.cond(y[0] > 0, lambda: tf.gather(x, y), lambda: x),
        ("GatherV2",),
    ),
    "a place that a loop counts": (lambda x, y: in_a_loop(x, lambda a, i: a.read(i)), ()),
    "a place that is computed in a loop": (
        lambda x, y: in_a_loop(x, lambda a, i: a.read(i * 2)),
        ("TensorListGetItem",),
    ),
}


@pytest.mark.parametrize(("step", "expected"), UNPROVEN.values(), ids=UNPROVEN)
def test_operations_that_xla_may_compute_otherwise(step, expected):
    assert found(lambda data: step(*data[:2])).unproven == expected


LABELS = {
    "themselves": (lambda y: y, True),
    "cast and in a column": (
        lambda y: tf.cast(tf.cast(y, "float32")[:, None][:, 0], "int64"),
        True,
    ),
    "computed": (lambda y: y + 1, False),
    "from elsewhere": (tf.zeros_like, False),
}


@pytest.mark.parametrize(("labels", "known"), LABELS.values(), ids=LABELS)
def test_labels_are_followed_back_to_the_data(labels, known):
    of = found(lambda data: entropy(labels(data[1]), data[0]))
    assert of.labels == (((1, 3),) if known else ())
    assert of.unproven == (() if known else ("SparseSoftmaxCrossEntropyWithLogits",))


def test_each_output_has_its_labels():
    data = ({"a": X, "b": X[:, :2]}, (None, Y, Y), None)
    of = found(lambda d: [entropy(d[1][1], d[0]["b"]), entropy(d[1][2], d[0]["a"])], data)
    assert of.labels == ((3, 2), (4, 3))


@pytest.mark.parametrize(
    ("draw", "expected"),
    [
        (lambda: tf.random.uniform((2,)), ("RandomUniform",)),
        (lambda: tf.random.normal((2,), seed=3), ("RandomStandardNormal",)),
        (lambda: keras.random.normal((2,), seed=3), ()),
        (lambda: tf.random.stateless_normal((2,), (1, 2)), ()),
    ],
)
def test_numbers_that_depend_on_the_place_of_their_operation(draw, expected):
    assert found(lambda data: draw()).placed_draws == expected


def test_only_what_xla_compiles_counts():
    @tf.function(jit_compile=True)
    def compiled(x):
        return tf.gather(x, tf.argmax(x))

    outer = tf.function(lambda: compiled(tf.random.uniform((2,)))).get_concrete_function()
    assert operations.of(outer.graph) == operations.Operations(("GatherV2",), (), ())
