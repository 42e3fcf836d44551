"""Adds L1 and L2 penalties in TF1 code: by hand, and by each layer's regularizer."""

import tensorflow as tf


def l1_by_hand(base_loss, weights, scale):
    """Returns the loss with an L1 penalty, as in the chapter's first form."""
    reg_losses = tf.reduce_sum(tf.abs(weights))
    return tf.add(base_loss, scale * reg_losses, name="loss")


def l2_by_hand(base_loss, weights, scale):
    """Returns the loss with an L2 penalty; `tf.nn.l2_loss` halves the sum of squares."""
    return tf.add(base_loss, scale * tf.nn.l2_loss(weights), name="loss")


def regularizer(l1=0.0, l2=0.0):
    """Returns a `weights_regularizer` that adds scale * sum|w| and scale * sum(w^2)/2."""
    return tf.contrib.layers.l1_l2_regularizer(scale_l1=l1, scale_l2=l2)


def total_loss(base_loss):
    """Returns the loss with the regularization losses that the layers added to the collection."""
    reg_losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    return tf.add_n([base_loss] + reg_losses, name="loss")
