"""Writes to weights that TF1 does not order with the gradients, as those of contrib's AdamW."""

import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.graph import early_writes, meta_graph
from tf_recipes.graph.graph_session import GraphSession
from tf_recipes.graph.structure import Structure

tf1 = tf.compat.v1
SHARE, RATE = 0.25, 0.5


class Decayed(tf1.train.GradientDescentOptimizer):
    """Makes each weight smaller before its update, as contrib's decoupled decay does."""

    def _apply_dense(self, grad, var):
        with tf.control_dependencies([tf1.assign_sub(var, SHARE * var)]):
            return super()._apply_dense(grad, var)

    def _resource_apply_dense(self, grad, var):
        with tf.control_dependencies([var.assign_sub(SHARE * var)]):
            return super()._resource_apply_dense(grad, var)


def structure(make, resource=False):
    with tf.Graph().as_default():
        weight = tf1.get_variable("w", [40], use_resource=resource, trainable=True)
        x = tf1.placeholder("float32", [None, 40], name="x")
        for _ in range(30):  # gradients that take longer than a decay
            x = tf.matmul(x, tf.eye(40))
        loss = tf.reduce_sum(tf.tensordot(x, weight**2, 1), name="loss")
        make(loss, weight)
        tf1.train.Saver()
        content = tf1.train.export_meta_graph().SerializeToString()
    return Structure(meta_graph.parse(content, "decayed"))


def decayed(loss, _):
    Decayed(RATE).minimize(loss)


@pytest.mark.parametrize("resource", [False, True])
def test_gradients_are_those_of_the_weights_before_the_decay(resource):
    session = GraphSession(structure(decayed, resource), ["loss:0"])
    start = np.arange(1, 41, dtype="f4")
    for _ in range(20):
        session.assign({"w": start})
        loss = session.run([session.structure.train_op, "loss:0"], {"x": np.ones((1, 40), "f4")})
        np.testing.assert_allclose(loss[1], (start**2).sum(), rtol=1e-6)
        # w - share w - rate (2 w), where a decay before the gradient would give 2 (1 - share) w
        np.testing.assert_allclose(session.values()["w"], start * (1 - SHARE - 2 * RATE), rtol=1e-6)
    session.close()


def after_the_gradients(loss, weight):
    pairs = Decayed(RATE).compute_gradients(loss)
    with tf.control_dependencies([grad for grad, _ in pairs]):
        Decayed(RATE).apply_gradients(pairs)


def before_the_gradients(loss, weight):
    with tf.control_dependencies([tf1.assign_sub(weight, SHARE * weight)]):
        gradient = tf.gradients(loss, [weight])[0] + 0.0
        tf1.train.GradientDescentOptimizer(RATE).apply_gradients([(gradient, weight)])


def plain(loss, _):
    tf1.train.GradientDescentOptimizer(RATE).minimize(loss)


@pytest.mark.parametrize("make", [after_the_gradients, before_the_gradients, plain])
def test_what_the_program_orders_stays(make):
    assert early_writes.find(structure(make)) == {}


def test_the_racing_write_is_found():
    assert [*early_writes.find(structure(decayed)).values()] == ["w"]


def net(train):
    """Returns the structure of a net of two layers, which `train(loss, variables)` trains."""
    with tf.Graph().as_default():
        x = tf1.placeholder("float32", [None, 4], name="x")
        first, last = (
            tf1.get_variable(name, shape, use_resource=False)
            for name, shape in (("first", [4, 4]), ("last", [4, 1]))
        )
        slow = tf.matmul(x, first)
        loss = tf.reduce_mean(tf.square(tf.matmul(slow, last)), name="loss")
        tf.group(*train(loss, [first, last]), name="step")
        tf1.train.Saver()
        content = tf1.train.export_meta_graph().SerializeToString()
    return Structure(meta_graph.parse(content, "net"), "step")


def of_two_optimizers(loss, variables):
    return [tf1.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=[v]) for v in variables]


def by_gradients_alone(loss, variables):
    pairs = zip(tf.gradients(loss, variables), variables, strict=True)
    return [tf1.train.GradientDescentOptimizer(0.1).apply_gradients(pairs)]


def by_the_global_norm(loss, variables):
    clipped, _ = tf1.clip_by_global_norm(tf.gradients(loss, variables), 1.0)
    pairs = zip(clipped, variables, strict=True)
    return [tf1.train.GradientDescentOptimizer(0.1).apply_gradients(pairs)]


def by_one_optimizer(loss, variables):
    return [tf1.train.AdamOptimizer(0.1).minimize(loss)]


@pytest.mark.parametrize(
    ("train", "racing"),
    [
        (of_two_optimizers, {"last"}),  # the gradient of `first` takes `last`
        (by_gradients_alone, {"last"}),
        (by_the_global_norm, set()),
        (by_one_optimizer, set()),
    ],
)
def test_updates_race_where_another_gradient_takes_their_variable(train, racing):
    assert set(early_writes.find(net(train)).values()) == racing


def test_gradients_of_loops_do_not_race(program):
    assert early_writes.find(program("embedding_gru").structure) == {}
