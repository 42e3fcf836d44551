"""Builds networks with batch normalization in TF1 code: layer by layer, and by `arg_scope`."""

import tensorflow as tf


def parameters(is_training, decay=0.999, center=True, scale=False, epsilon=0.001):
    """Returns arguments of `batch_norm`, which then updates its statistics without a collection."""
    return {
        "is_training": is_training,
        "decay": decay,
        "center": center,
        "scale": scale,
        "epsilon": epsilon,
        "updates_collections": None,
    }


def by_layer(X, n_hidden1, n_hidden2, n_outputs, bn_params):
    """Builds the chapter's first form: each of the three layers has the normalizer's arguments."""
    fully_connected = tf.contrib.layers.fully_connected
    batch_norm = tf.contrib.layers.batch_norm
    hidden1 = fully_connected(
        X, n_hidden1, normalizer_fn=batch_norm, normalizer_params=bn_params, scope="hidden1"
    )
    hidden2 = fully_connected(
        hidden1, n_hidden2, normalizer_fn=batch_norm, normalizer_params=bn_params, scope="hidden2"
    )
    return fully_connected(
        hidden2,
        n_outputs,
        activation_fn=None,
        normalizer_fn=batch_norm,
        normalizer_params=bn_params,
        scope="outputs",
    )


def by_arg_scope(X, n_hidden1, n_hidden2, n_outputs, bn_params):
    """Builds the chapter's second form: `arg_scope` gives the layers their common arguments."""
    fully_connected = tf.contrib.layers.fully_connected
    with tf.contrib.framework.arg_scope(
        [fully_connected],
        normalizer_fn=tf.contrib.layers.batch_norm,
        normalizer_params=bn_params,
    ):
        hidden1 = fully_connected(X, n_hidden1, scope="hidden1")
        hidden2 = fully_connected(hidden1, n_hidden2, scope="hidden2")
        return fully_connected(hidden2, n_outputs, activation_fn=None, scope="outputs")
