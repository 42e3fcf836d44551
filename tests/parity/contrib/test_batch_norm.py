"""Tests the replacement of contrib's `batch_norm`."""

import numpy as np
import pytest

from tf_recipes.parity.tf1 import compat

# test_init.py runs these snippets: `{name: (code, result on TF 1.15.5)}`.
SNIPPETS = {
    "batch_norm's positions": (
        """
y = layers.batch_norm(X, 0.5, False, True, 0.1, tf.nn.relu)
updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
mean, variance = tf.global_variables()[1:]
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    found = [round(float(session.run(tf.reduce_sum(y))), 3)]
    session.run(updates)
    found += [round(float(session.run(v)[0]), 3) for v in (mean, variance)]
found += [names()]
""",
        [
            9.518,
            2.648,
            13.682,
            ["BatchNorm/gamma", "BatchNorm/moving_mean", "BatchNorm/moving_variance"],
        ],
    ),
    "batch_norm twice": (
        """
layers.batch_norm(X)
layers.batch_norm(X, scale=True)
layers.batch_norm(X, center=False, reuse=True, scope="BatchNorm")
found = names()
""",
        [
            "BatchNorm/beta",
            "BatchNorm/moving_mean",
            "BatchNorm/moving_variance",
            "BatchNorm_1/beta",
            "BatchNorm_1/gamma",
            "BatchNorm_1/moving_mean",
            "BatchNorm_1/moving_variance",
        ],
    ),
    "batch_norm's other arguments": (
        """
y = layers.batch_norm(
    X, is_training=tf.constant(False), scale=True, trainable=False, scope="norm",
    param_initializers={
        "beta": tf.constant_initializer(2.0), "gamma": tf.constant_initializer(3.0),
        "moving_mean": tf.constant_initializer(0.5),
        "moving_variance": tf.constant_initializer(4.0),
    },
    param_regularizers={"beta": layers.l2_regularizer(0.1), "gamma": layers.l1_regularizer(0.1)},
    variables_collections={"beta": ["b"]}, outputs_collections=["y"],
)
found = [
    total(y), total(tf.losses.get_regularization_loss()),
    [v.op.name for v in tf.get_collection("b")],
    tf.get_collection("y") == [y], tf.trainable_variables(),
    len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)),
]
""",
        [134.036, 2.5, ["norm/beta"], True, [], 0],
    ),
    "batch_norm refuses": (
        """
found = [
    refused(lambda: layers.batch_norm(tf.cast(X, tf.float64))),
    refused(lambda: layers.batch_norm(X, reuse=True)),
    refused(lambda: layers.batch_norm(X, 0.9, is_training=None)),
    refused(lambda: layers.batch_norm(tf.placeholder(tf.float32))),
]
""",
        [True, True, True, True],
    ),
    "batch_norm's collection of updates": (
        """
layers.batch_norm(X, updates_collections=["a", "b"])
found = [len(tf.get_collection(each)) for each in ("a", "b", tf.GraphKeys.UPDATE_OPS)]
""",
        [2, 2, 0],
    ),
}


# contrib.layers.batch_norm of a batch [1, 3, 5] of one unit, by arithmetic: the mean is 3 and the
# variance 8/3; the moving variance takes N/(N-1) times the variance, which is 4.
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
    assert ran["after"] == ran["averages"]  # evaluation does not change the averages
    assert ran["plain"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_weights", [1.0]),
        ("fused", False),
        ("data_format", "NCHW"),
        ("zero_debias_moving_mean", True),
        ("renorm", True),
        ("adjustment", lambda shape: (1.0, 0.0)),
    ],
)
def test_what_needs_another_algorithm_is_refused(fails, name, value):
    tf = compat.original("runners.record").tf
    with tf.Graph().as_default(), fails(name):
        tf.contrib.layers.batch_norm(tf.ones((3, 2)), **{name: value})


@pytest.mark.parametrize("shape", [(3, 2, 2, 2), (3,)])
def test_inputs_that_go_another_way_are_refused(fails, shape):
    tf = compat.original("runners.record").tf
    with tf.Graph().as_default(), fails("rank 2"):
        tf.contrib.layers.batch_norm(tf.ones(shape))
