"""Gradient clipping by value as TF1 wrote it."""

import tensorflow as tf


def clipped_training_op(optimizer, loss, threshold, global_step=None):
    """Compute, clip each gradient to [-threshold, threshold], apply."""
    grads_and_vars = optimizer.compute_gradients(loss)
    capped_gvs = [
        (tf.clip_by_value(grad, -threshold, threshold), var) for grad, var in grads_and_vars
    ]
    return optimizer.apply_gradients(capped_gvs, global_step=global_step)
