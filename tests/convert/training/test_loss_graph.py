"""Tests what the loss of a graph is computed from: labels of each kind, and what is no loss."""

import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.convert.lifting import graph_view, placeholders
from tf_recipes.convert.training.loss_graph import LossGraph
from tf_recipes.graph import meta_graph
from tf_recipes.graph.structure import Structure

tf1 = tf.compat.v1


def loss_of(build, feed=None):
    """Returns the `LossGraph` of a net whose loss `build(outputs)` adds."""
    with tf.Graph().as_default():
        x = tf1.placeholder("float32", [None, 3], name="x")
        w = tf1.get_variable("w", [3, 2], use_resource=False)
        loss = build(tf.identity(tf.matmul(x, w), name="outputs"))
        tf1.train.GradientDescentOptimizer(0.1).minimize(loss)
        content = tf1.train.export_meta_graph().SerializeToString()
    graph = meta_graph.parse(content, "program.meta")
    inputs = placeholders.model_inputs(graph_view.GraphView(graph, ["outputs:0"], []))
    view = graph_view.GraphView(graph, ["outputs:0"], inputs)
    structure = Structure(graph)
    values = {
        name: np.zeros([size.size for size in structure.nodes[name].attr["shape"].shape.dim], "f4")
        for name in structure.variables
    }
    return LossGraph(structure, view, values, feed or {})


def squares(outputs, labels):
    return tf.reduce_mean(tf.square(outputs - tf.cast(labels, "float32")))


def test_labels_of_an_unknown_shape_have_that_of_the_outputs():
    loss = loss_of(lambda outputs: squares(outputs, tf1.placeholder("float32", name="t")))
    assert loss.labels == ["t:0"] and loss.shape("t:0") is None
    assert [trial.labels[0].shape for trial in loss.trials()][:2] == [(5, 2), (7, 2)]


def test_classes_of_an_unknown_shape_have_an_axis_less():
    def build(outputs):
        labels = tf1.placeholder("int64", name="t")
        return tf1.losses.sparse_softmax_cross_entropy(tf.ensure_shape(labels, [None]), outputs)

    loss = loss_of(build)
    for trial in loss.trials():
        assert trial.labels[0].shape == trial.outputs[0].shape[:1]
        assert set(trial.labels[0]) <= {0, 1}


def test_labels_that_are_true_or_false():
    loss = loss_of(lambda outputs: squares(outputs, tf1.placeholder("bool", [None, 2], name="t")))
    for trial in loss.trials():
        labels, outputs = (np.asarray(each[0], "f8") for each in (trial.labels, trial.outputs))
        assert trial.loss == pytest.approx(np.mean((outputs - labels) ** 2), rel=1e-5)


def test_labels_of_an_iterator():
    def build(outputs):
        data = tf1.data.Dataset.from_tensors(np.zeros((4, 2), "f4")).repeat()
        labels = tf1.data.make_initializable_iterator(data).get_next()
        return squares(outputs, labels)

    loss = loss_of(build)
    assert [loss.shape(name) for name in loss.labels] == [(4, 2)]
    assert [loss.dtype(name) for name in loss.labels] == ["float32"]


def test_a_variable_without_influence_has_no_penalty():
    def build(outputs):
        none = tf1.get_variable("none", [2], use_resource=False)
        some = tf1.get_variable("some", [2], use_resource=False)
        labels = tf1.placeholder("float32", [None, 2], name="t")
        return squares(outputs, labels) + 0.0 * tf.reduce_sum(none) + 0.5 * tf.nn.l2_loss(some)

    found = loss_of(build).penalties()
    assert set(found) == {"some"} and found["some"].l2 == 0.5


def test_a_loss_without_finite_values():
    def build(outputs):
        some = tf1.get_variable("some", [2], use_resource=False)
        wrong = tf.math.log(-1.0 - tf.square(outputs))
        return tf.reduce_mean(wrong) + tf.nn.l2_loss(some)

    with pytest.raises(ValueError, match="a loss that is not finite for any outputs"):
        loss_of(build).penalties()


def test_a_loss_that_does_not_take_the_outputs():
    def build(outputs):
        again = tf.matmul(*outputs.op.inputs[0].op.inputs)
        return tf.reduce_mean(tf.square(again))

    with pytest.raises(ValueError, match=r"does not take 'outputs:0'.*Name the tensor"):
        loss_of(build)


def test_a_loss_that_python_computes():
    def build(outputs):
        return squares(outputs, 1.0) + tf1.py_func(lambda: np.float32(1), [], "float32")

    with pytest.raises(ValueError, match="the operation PyFunc"):
        loss_of(build)
