"""Builds a network with dropout in TF1 code: on the input and after each hidden layer."""

import tensorflow as tf


def dropout(inputs, keep_prob, is_training, scope=None):
    """Keeps each element with probability `keep_prob` and divides it by `keep_prob`."""
    return tf.contrib.layers.dropout(inputs, keep_prob, is_training=is_training, scope=scope)


def network(X, n_hidden1, n_hidden2, n_outputs, keep_prob, is_training):
    """Builds the chapter's network with dropout: `X` (batch, inputs) -> logits."""
    fully_connected = tf.contrib.layers.fully_connected
    X_drop = dropout(X, keep_prob, is_training)
    hidden1 = fully_connected(X_drop, n_hidden1, scope="hidden1")
    hidden1_drop = dropout(hidden1, keep_prob, is_training)
    hidden2 = fully_connected(hidden1_drop, n_hidden2, scope="hidden2")
    hidden2_drop = dropout(hidden2, keep_prob, is_training)
    return fully_connected(hidden2_drop, n_outputs, activation_fn=None, scope="outputs")
