"""Tests the replacement of contrib's `fully_connected` and `dropout`."""

import pytest

from tf_recipes.parity.tf1 import compat

# test_init.py runs these snippets: `{name: (code, result on TF 1.15.5)}`.
SNIPPETS = {
    "dropout's positions": (
        """
kept = layers.dropout(X, 0.5, None, False, "off")
tf.set_random_seed(1)
found = [
    total(kept), tf.get_collection("off") == [kept],
    total(layers.dropout(X, seed=3)),
    total(layers.dropout(X, 0.25, [6, 1], True, None, "named", 3)),
]
""",
        [64.363, True, 55.646, 19.751],
    ),
    "dropout's keep_prob": (
        """
tf.set_random_seed(1)
found = [
    total(layers.dropout(X, tf.placeholder_with_default(0.25, ()), seed=3)),
    total(layers.dropout(tf.ones((6, 5)), 0.0, is_training=False)),
    refused(lambda: layers.dropout(X, 0.0)),
    refused(lambda: layers.dropout(X, 1.5)),
]
""",
        [56.365, 30.0, True, True],
    ),
    "fully_connected's positions": (
        """
layers.fully_connected(
    X, 2, None, None, None, tf.ones_initializer(), layers.l2_regularizer(0.1),
    tf.constant_initializer(3.0), layers.l1_regularizer(0.1), None, ["all"], "ys", False, "dense"
)
reused = layers.fully_connected(X, 2, None, reuse=True, scope="dense")
found = [
    total(reused), total(tf.losses.get_regularization_loss()), names(), tf.trainable_variables(),
    [v.op.name for v in tf.get_collection("all")], len(tf.get_collection("ys")),
]
""",
        [164.727, 1.1, ["dense/weights", "dense/biases"], [], ["dense/weights", "dense/biases"], 1],
    ),
    "fully_connected of rank 3, and without biases": (
        """
X = tf.reshape(X, (2, 3, 5))
y = layers.fully_connected(X, 2, None, weights_initializer=tf.ones_initializer(),
                           biases_initializer=None)
found = [total(y), y.shape.as_list(), names()]
""",
        [128.727, [2, 3, 2], ["fully_connected/weights"]],
    ),
    "fully_connected refuses": (
        """
found = [
    refused(lambda: layers.fully_connected(X, 2.0)),
    refused(lambda: layers.fully_connected(tf.ones((3,)), 2)),
    refused(lambda: layers.fully_connected(tf.ones((3, 2), tf.int32), 2)),
    refused(lambda: layers.fully_connected(X, 2, reuse=True)),
]
""",
        [True, True, True, True],
    ),
    "model variables": (
        """
layers.fully_connected(X, 2, normalizer_fn=layers.batch_norm, scope="a")
layers.fully_connected(X, 2, lambda y: y * tf.get_variable("slope", ()), scope="b")
layers.batch_norm(X)
tf.get_variable("other", ())
found = sorted(v.op.name for v in tf.get_collection(tf.GraphKeys.MODEL_VARIABLES))
""",
        [
            "BatchNorm/beta",
            "BatchNorm/moving_mean",
            "BatchNorm/moving_variance",
            "a/BatchNorm/beta",
            "a/BatchNorm/moving_mean",
            "a/BatchNorm/moving_variance",
            "a/weights",
            "b/biases",
            "b/slope",
            "b/weights",
        ],
    ),
}


DROPOUT = """
import tensorflow as tf

training = tf.placeholder_with_default(False, ())
y = tf.contrib.layers.dropout(tf.ones((1000,)), keep_prob=0.5, is_training=training)
with tf.Session() as session:
    off, on = session.run(y), session.run(y, {training: True})
"""


def test_dropout_with_a_fed_mode():
    ran = compat.run(DROPOUT)
    assert set(ran["off"]) == {1.0}
    assert set(ran["on"]) == {0.0, 2.0}


FACTORS = """
import tensorflow as tf

with tf.Session() as session:
    found = {
        (dtype, keep_prob): session.run(
            tf.reduce_max(tf.contrib.layers.dropout(tf.ones((1000,), dtype), keep_prob))
        ).item()
        for dtype in ("float32", "float64") for keep_prob in (0.1, 0.7, 1.0)
    }
"""


def test_dropouts_factor_is_that_of_the_dtype():
    """The factors are those of TF 1.15.5, not exactly 10 or 1 / 0.7; test_dropout.py has more."""
    assert compat.run(FACTORS)["found"] == {
        ("float32", 0.1): 9.999998092651367,
        ("float32", 0.7): 1.4285714626312256,
        ("float32", 1.0): 1.0,
        ("float64", 0.1): 10.000000000000002,
        ("float64", 0.7): 1.4285714285714286,
        ("float64", 1.0): 1.0,
    }


@pytest.mark.parametrize("keep_prob", [0.0, -0.1, 1.5])
def test_a_share_that_keeps_nothing_or_more_than_all_is_refused(fails, keep_prob):
    tf = compat.original("runners.record").tf
    with tf.Graph().as_default(), fails("keep_prob", str(keep_prob)):
        tf.contrib.layers.dropout(tf.ones((3,)), keep_prob)


def test_a_missing_mode_is_refused(fails):
    """TF1 would read Keras' learning phase, which does not exist here."""
    tf = compat.original("runners.record").tf
    with tf.Graph().as_default(), fails("is_training"):
        tf.contrib.layers.dropout(tf.ones((3,)), is_training=None)
