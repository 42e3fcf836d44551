"""Builds dense layers in the styles of TF1."""

import numpy as np
import tensorflow as tf

ROWS = np.random.RandomState(0).randn(5, 6).astype("f")


def _inputs(name="X"):
    return tf.placeholder(tf.float32, [None, 6], name=name)


def dense_contrib():
    """Two layers of contrib, the second without an activation."""
    hidden = tf.contrib.layers.fully_connected(_inputs(), 4, scope="hidden")
    out = tf.contrib.layers.fully_connected(hidden, 3, activation_fn=None, scope="out")
    return {"inputs": {"X:0": ROWS}, "outputs": [out.name]}


def dense_layers():
    """Layers of tf.layers with each activation that Keras names."""
    x = _inputs()
    for k, activation in enumerate((tf.nn.elu, tf.nn.selu, tf.nn.tanh, tf.nn.softplus)):
        x = tf.layers.dense(x, 4, activation=activation, name=f"layer{k}")
    return {"inputs": {"X:0": ROWS}, "outputs": [tf.nn.softmax(x, name="probabilities").name]}


def dense_handwritten():
    """A product and a sum, with the bias first, and a layer without a bias."""
    x = _inputs()
    w = tf.get_variable("W1", [6, 4])
    b = tf.get_variable("b1", [4])
    hidden = tf.nn.relu(b + tf.matmul(x, w))
    out = tf.matmul(hidden, tf.get_variable("W2", [4, 2]), name="out")
    return {"inputs": {"X:0": ROWS}, "outputs": [out.name]}


def dense_transposed():
    """A kernel that the graph holds transposed."""
    w = tf.get_variable("W", [3, 6])
    out = tf.matmul(_inputs(), w, transpose_b=True) + tf.get_variable("b", [3])
    return {"inputs": {"X:0": ROWS}, "outputs": [out.name]}


def dense_tied():
    """An autoencoder whose decoder has the encoder's kernel, transposed."""
    x = _inputs()
    w = tf.get_variable("W", [6, 3])
    hidden = tf.nn.sigmoid(tf.matmul(x, w) + tf.get_variable("b1", [3]))
    out = tf.matmul(hidden, w, transpose_b=True) + tf.get_variable("b2", [6])
    return {"inputs": {"X:0": ROWS}, "outputs": [out.name]}


def dense_siamese():
    """One layer on two inputs."""
    a, b = _inputs("A"), _inputs("B")
    outputs = []
    for k, x in enumerate((a, b)):
        with tf.variable_scope("twin", reuse=k > 0):
            outputs.append(tf.layers.dense(x, 3, activation=tf.nn.relu, name="hidden"))
    out = tf.abs(outputs[0] - outputs[1], name="distance")
    return {"inputs": {"A:0": ROWS, "B:0": ROWS[::-1].copy()}, "outputs": [out.name]}


def dense_resource():
    """Resource variables."""
    x = _inputs()
    with tf.variable_scope("net", use_resource=True):
        out = tf.layers.dense(x, 3, activation=tf.nn.relu)
    return {"inputs": {"X:0": ROWS}, "outputs": [out.name]}


CASES = {name: f for name, f in list(globals().items()) if name.startswith("dense_")}
