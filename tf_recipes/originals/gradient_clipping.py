"""Clips gradients by value in TF1 code."""

import tensorflow as tf


def clipped_training_op(optimizer, loss, threshold, global_step=None):
    """Returns an op that applies the gradients, each clipped to [-threshold, threshold]."""
    grads_and_vars = optimizer.compute_gradients(loss)
    capped_gvs = [
        (tf.clip_by_value(grad, -threshold, threshold), var) for grad, var in grads_and_vars
    ]
    return optimizer.apply_gradients(capped_gvs, global_step=global_step)
