"""Constraints that TF1 sets weights to after a step; the formulas are those of TF 1.15's Keras."""

import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.convert.conversion import convert

tf1 = tf.compat.v1
EPSILON = 1e-7  # that TF 1.15's `tf.keras.constraints` add to a norm


def norms(w, axes):
    return tf.sqrt(tf.reduce_sum(tf.square(w), axes, keepdims=True))


def largest(w, axes=0):
    return w * (tf.clip_by_value(norms(w, axes), 0, 0.75) / (EPSILON + norms(w, axes)))


def between(w):
    return w * (tf.clip_by_value(norms(w, 0), 0.3, 0.75) / (EPSILON + norms(w, 0)))


def not_negative(w):
    return w * tf.cast(w >= 0, "float32")


def unit(w):
    return w / (EPSILON + norms(w, 0))


def clipped(w):
    return tf.clip_by_norm(w, 0.75, [0])


def of_two_axes(w):
    return largest(w, [0, 1])


WRITTEN = {
    largest: "keras.constraints.MaxNorm(0.75, axis=0)",
    of_two_axes: "keras.constraints.MaxNorm(0.75, axis=(0, 1))",
    between: "keras.constraints.MinMaxNorm(0.3, 0.75, axis=0)",
    not_negative: "keras.constraints.NonNeg()",
    unit: "keras.constraints.UnitNorm(axis=0)",
    clipped: "tf_recipes.MaxNorm(0.75, axis=0)",
}
SIZES = np.geomspace(1e-7, 1.5, 6).astype("f4")  # norms about the epsilon, and above the bound


def saved(checkpoints, constraint):
    """Saves a linear layer whose kernel has a constraint, before its first step."""

    def build(_):
        x = tf1.placeholder("float32", [None, 4], name="x")
        y = tf1.placeholder("float32", [None, 6], name="y")
        kernel = tf1.get_variable(
            "out/kernel",
            initializer=tf.constant(np.random.RandomState(0).randn(4, 6).astype("f4") * SIZES),
            constraint=constraint,
            use_resource=False,
        )
        loss = tf.reduce_mean(tf.square(tf.matmul(x, kernel, name="out/product") - y))
        tf1.train.GradientDescentOptimizer(0.0).minimize(loss)

    return checkpoints.save("program", build)


@pytest.mark.parametrize("constraint", WRITTEN, ids=lambda each: each.__name__)
def test_a_constraint_is_that_of_the_graph(checkpoints, constraint):
    done = convert(saved(checkpoints, constraint), steps=0)
    assert WRITTEN[constraint] in "".join(done.source.split()).replace(",", ", ")
    start = done.model.weights[0].numpy()
    rows = np.zeros((2, 4), "f4"), np.zeros((2, 6), "f4")
    done.model.fit(*rows, verbose=0)  # the rate is 0: the constraint alone changes the kernel
    expected = constraint(tf.constant(start)).numpy()
    np.testing.assert_allclose(done.model.weights[0], expected, rtol=1e-6, atol=1e-12)


def test_another_function_of_a_weight_is_refused(checkpoints):
    done = convert(saved(checkpoints, lambda w: 0.5 * w))
    assert not done.model.compiled
    assert "which assigns 'out/kernel'" in done.document["notes"][0]
