"""Defines ELU and leaky ReLU layers in TF1 code."""

import tensorflow as tf


def leaky_relu(z, name=None):
    """Computes the chapter's leaky ReLU with slope 0.01; `tf.nn.leaky_relu` has slope 0.2."""
    return tf.maximum(0.01 * z, z, name=name)


def elu_layer(inputs, units, scope):
    """Builds a fully connected layer with ELU, as in the chapter."""
    return tf.contrib.layers.fully_connected(inputs, units, activation_fn=tf.nn.elu, scope=scope)


def leaky_relu_layer(inputs, units, scope):
    """Builds a fully connected layer with leaky ReLU, as in the chapter."""
    return tf.contrib.layers.fully_connected(inputs, units, activation_fn=leaky_relu, scope=scope)
