"""Applies max-norm in TF1 code: to one layer by hand, and to each layer by its regularizer."""

import tensorflow as tf


def clip_by_hand(scope, threshold=1.0, axes=1):
    """Returns an op that clips one layer's weights; run it after each training step."""
    with tf.variable_scope(scope, reuse=True):
        weights = tf.get_variable("weights")
    clipped_weights = tf.clip_by_norm(weights, clip_norm=threshold, axes=axes)
    return tf.assign(weights, clipped_weights)


def max_norm_regularizer(threshold, axes=1, name="max_norm", collection="max_norm"):
    """Returns a regularizer that adds no loss, but a clipping op to the collection `max_norm`."""

    def max_norm(weights):
        clipped = tf.clip_by_norm(weights, clip_norm=threshold, axes=axes)
        clip_weights = tf.assign(weights, clipped, name=name)
        tf.add_to_collection(collection, clip_weights)
        return None  # there is no regularization loss term

    return max_norm
