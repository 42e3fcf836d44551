"""Builds the plain network on which the chapter's other code is based."""

import tensorflow as tf


def network(X, n_hidden1, n_hidden2, n_outputs):
    """Builds the network with ReLU: `X` (batch, inputs) -> logits (batch, n_outputs)."""
    fully_connected = tf.contrib.layers.fully_connected
    hidden1 = fully_connected(X, n_hidden1, scope="hidden1")
    hidden2 = fully_connected(hidden1, n_hidden2, scope="hidden2")
    return fully_connected(hidden2, n_outputs, activation_fn=None, scope="outputs")
