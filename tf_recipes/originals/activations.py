"""ELU and leaky ReLU as TF1 wrote them."""

import tensorflow as tf


def leaky_relu(z, name=None):
    """The document's own; `tf.nn.leaky_relu` has the slope 0.2."""
    return tf.maximum(0.01 * z, z, name=name)


def elu_layer(inputs, units, scope):
    """The document's snippet for ELU."""
    return tf.contrib.layers.fully_connected(inputs, units, activation_fn=tf.nn.elu, scope=scope)


def leaky_relu_layer(inputs, units, scope):
    """The document's snippet for leaky ReLU."""
    return tf.contrib.layers.fully_connected(inputs, units, activation_fn=leaky_relu, scope=scope)
