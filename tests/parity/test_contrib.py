"""What stands for `tensorflow.contrib`; test_compat.py holds it against recorded traces."""

import numpy as np
import pytest

from tf_recipes.parity import compat


def layer_names(build):
    tf = compat.original("record").tf
    with tf.Graph().as_default():
        build(tf, tf.placeholder(tf.float32, (None, 5)))
        return {v.op.name for v in tf.global_variables()}, tf.get_default_graph()


def op_types(build):
    return {op.type for op in layer_names(build)[1].get_operations()}


def test_arg_scope_is_overridden_by_the_call_and_by_the_inner_scope():
    def build(tf, X):
        layer, scope = tf.contrib.layers.fully_connected, tf.contrib.framework.arg_scope
        with scope([layer], activation_fn=tf.nn.elu, normalizer_fn=tf.contrib.layers.batch_norm):
            with scope([layer], activation_fn=tf.nn.tanh):
                layer(X, 2, scope="inner")  # tanh, with a norm
                layer(X, 2, scope="called", activation_fn=tf.nn.sigmoid, normalizer_fn=None)
            layer(X, 2, scope="outer")  # elu again
        layer(X, 2, scope="outside")  # relu, without a norm

    names, graph = layer_names(build)
    kinds = {(op.name.split("/")[0], op.type) for op in graph.get_operations()}
    wanted = {"inner": "Tanh", "called": "Sigmoid", "outer": "Elu", "outside": "Relu"}
    assert {pair for pair in kinds if pair[1] in wanted.values()} == set(wanted.items())
    assert {name.split("/")[0] for name in names if name.endswith("/biases")} == {
        "called",
        "outside",
    }
    assert "inner/BatchNorm/moving_mean" in names
    assert "outer/BatchNorm/moving_mean" in names


def test_arg_scope_ends_with_an_exception():
    def build(tf, X):
        layer = tf.contrib.layers.fully_connected
        with pytest.raises(KeyError), tf.contrib.framework.arg_scope([layer], activation_fn=None):
            raise KeyError
        layer(X, 2, scope="after")

    assert "Relu" in op_types(build)


# What contrib.layers.batch_norm does to a batch [1, 3, 5] of one unit, by arithmetic: the mean is 3
# and the variance 8/3; the moving variance takes N/(N-1) times that, which is 4.
NORM = """
import tensorflow as tf

X = tf.placeholder(tf.float32, (None, 1))
training = tf.placeholder_with_default(False, ())
y = tf.contrib.layers.batch_norm(X, is_training=training, decay=0.9)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    feed = {X: [[1.0], [3.0], [5.0]], training: True}
    normal, _ = session.run([y, updates], feed)
    averages = session.run(tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES))
    session.run(updates, {X: [[9.0], [9.0]]})
    after = session.run(tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES))
    plain = session.run(y, {X: [[0.3]]})
names = [variable.op.name for variable in tf.global_variables()]
"""


def test_batch_norm_with_a_fed_mode_and_updates_in_the_collection():
    ran = compat.run(NORM)
    averages = dict(zip(ran["names"], ran["averages"], strict=True))
    assert averages["BatchNorm/moving_mean"] == pytest.approx(0.3)
    assert averages["BatchNorm/moving_variance"] == pytest.approx(0.9 + 0.1 * 4)
    np.testing.assert_allclose(ran["normal"].ravel(), [-1.2245, 0, 1.2245], atol=1e-3)
    assert ran["after"] == ran["averages"]  # evaluation leaves them alone
    assert ran["plain"] == pytest.approx(0.0, abs=1e-6)


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
    """What TF 1.15.5 gave, which is not quite 10 or 1 / 0.7; test_dropout.py has more of them."""
    assert compat.run(FACTORS)["found"] == {
        ("float32", 0.1): 9.999998092651367,
        ("float32", 0.7): 1.4285714626312256,
        ("float32", 1.0): 1.0,
        ("float64", 0.1): 10.000000000000002,
        ("float64", 0.7): 1.4285714285714286,
        ("float64", 1.0): 1.0,
    }


REGULARIZERS = """
import tensorflow as tf

w = tf.constant([3.0, -4.0])
with tf.Session() as session:
    found = session.run([
        tf.contrib.layers.l1_regularizer(0.1)(w),
        tf.contrib.layers.l2_regularizer(0.1)(w),
        tf.contrib.layers.l1_l2_regularizer(0.1, 0.1)(w),
    ])
"""


def test_regularizers():
    assert compat.run(REGULARIZERS)["found"] == pytest.approx([0.7, 1.25, 1.95])
