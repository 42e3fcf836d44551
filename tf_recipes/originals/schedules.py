"""Exponential decay of the learning rate as TF1 wrote it."""

import tensorflow as tf


def decayed(initial_learning_rate, decay_steps, decay_rate, staircase=False):
    """The decayed rate and the step that drives it; hand the step to the optimizer."""
    global_step = tf.Variable(0, trainable=False, name="global_step")
    learning_rate = tf.train.exponential_decay(
        initial_learning_rate, global_step, decay_steps, decay_rate, staircase=staircase
    )
    return learning_rate, global_step


def training_op(loss):
    """The document's snippet: momentum under a rate divided by ten every 10,000 steps."""
    learning_rate, global_step = decayed(0.1, decay_steps=10000, decay_rate=1 / 10)
    optimizer = tf.train.MomentumOptimizer(learning_rate, momentum=0.9)
    return optimizer.minimize(loss, global_step=global_step)
