"""Tests which tensor of a training graph is taken for the predictions."""

import pytest
import tensorflow as tf

from tf_recipes.convert import predictions
from tf_recipes.graph import meta_graph
from tf_recipes.graph.structure import Structure

v1 = tf.compat.v1


def mean_square(predicted, label):
    """Returns the mean of the squared distances."""
    return tf.reduce_mean(tf.square(predicted - label))


def two_logarithms(p, y):
    """Returns the cross-entropy of two classes as programs write it out."""
    return -tf.reduce_mean(y * tf.math.log(p + 1e-8) + (1 - y) * tf.math.log(1 - p + 1e-8))


# a name -> the loss of the last layer `h` and the labels `y`; WANT is the tensor of the predictions
HEADS = {
    "tanh": lambda h, y: mean_square(tf.tanh(h, name="WANT"), y),
    "relu": lambda h, y: mean_square(tf.nn.relu(h, name="WANT"), y),
    "sigmoid": lambda h, y: v1.losses.mean_squared_error(y, tf.sigmoid(h, name="WANT")),
    "softmax": lambda h, y: mean_square(tf.nn.softmax(h, name="WANT"), y),
    "scaled": lambda h, y: mean_square(tf.multiply(tf.tanh(h), 2.0, name="WANT"), y),
    "within_bounds": lambda h, y: mean_square(tf.clip_by_value(h, -1.0, 1.0, name="WANT"), y),
    "of_length_one": lambda h, y: mean_square(tf.nn.l2_normalize(h, 1, name="WANT"), y),
    "norm": lambda h, y: mean_square(
        tf.sqrt(tf.reduce_sum(tf.square(h), 1, keepdims=True), name="WANT"), y[:, :1]
    ),
    "squeezed_by_name": lambda h, y: mean_square(
        tf.squeeze(h[:, :1], [1]), tf.squeeze(tf.identity(y)[:, :1], [1])
    ),
    "logits": lambda h, y: v1.losses.softmax_cross_entropy(y, tf.identity(h) * 1.0),
    "logits_of_two": lambda h, y: v1.losses.sigmoid_cross_entropy(y, h),
    "logits_of_relu": lambda h, y: v1.losses.softmax_cross_entropy(y, tf.nn.relu(h, name="WANT")),
    "logarithm": lambda h, y: -tf.reduce_sum(y * tf.math.log(tf.nn.softmax(h))),
    "logarithm_of_bounded": lambda h, y: (
        -tf.reduce_sum(y * tf.math.log(tf.clip_by_value(tf.nn.softmax(h), 1e-10, 1.0)))
    ),
    "logarithm_of_two": lambda h, y: two_logarithms(tf.sigmoid(h), y),
    "autoencoder": lambda h, y: mean_square(tf.sigmoid(h, name="WANT"), y),
}
# what is wanted where no tensor has the name
LAST_LAYER = "layer"
OTHERS = {"squeezed_by_name": "strided_slice", "logits": "mul"}


def structure_of(loss, label_is_input=False):
    """Returns the `Structure` of a net of one layer with a loss."""
    with tf.Graph().as_default() as graph:
        x = v1.placeholder("float32", (None, 3), name="x")
        y = x if label_is_input else v1.placeholder("float32", (None, 3), name="y")
        w, b = v1.get_variable("w", (3, 3)), v1.get_variable("b", (3,))
        found = tf.identity(loss(tf.add(tf.matmul(x, w), b, name=LAST_LAYER), y), name="loss")
        v1.train.GradientDescentOptimizer(0.1).minimize(found)
        meta = v1.train.export_meta_graph(graph=graph)
    return Structure(meta_graph.parse(meta.SerializeToString(), "made by a test"))


@pytest.mark.parametrize("name", HEADS)
def test_the_predictions_are_what_comes_before_the_loss(name):
    if name == "autoencoder":
        structure = structure_of(HEADS[name], label_is_input=True)
        found = predictions.of_inputs(structure, ["x:0"])
    else:
        structure = structure_of(HEADS[name])
        found = [predictions.of_label(structure, ["x:0"], "y:0")]
    wanted = "WANT" if "WANT" in structure.nodes else OTHERS.get(name, LAST_LAYER)
    assert found == [f"{wanted}:0"]


def test_an_autoencoder_with_logarithms_predicts_shares():
    structure = structure_of(
        lambda h, y: two_logarithms(tf.sigmoid(h, name="shares"), y), label_is_input=True
    )
    assert predictions.of_inputs(structure, ["x:0"]) == ["shares:0"]


def test_series_are_predicted_in_the_shape_of_their_labels():
    with tf.Graph().as_default() as graph:
        x = v1.placeholder("float32", (None, 4, 3), name="x")
        y = v1.placeholder("int32", (None, 4), name="y")
        w = v1.get_variable("w", (3, 5))
        flat = tf.matmul(tf.reshape(x, (-1, 3)), w)
        logits = tf.reshape(flat, (-1, 4, 5), name="logits")
        loss = v1.losses.sparse_softmax_cross_entropy(y, logits)
        v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        meta = v1.train.export_meta_graph(graph=graph)
    structure = Structure(meta_graph.parse(meta.SerializeToString(), "made by a test"))
    assert predictions.of_label(structure, ["x:0"], "y:0") == "logits:0"
