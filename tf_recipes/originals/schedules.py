"""Decays the learning rate exponentially in TF1 code."""

import tensorflow as tf


def decayed(initial_learning_rate, decay_steps, decay_rate, staircase=False):
    """Returns the decayed rate and its step variable, which the optimizer must increase."""
    global_step = tf.Variable(0, trainable=False, name="global_step")
    learning_rate = tf.train.exponential_decay(
        initial_learning_rate, global_step, decay_steps, decay_rate, staircase=staircase
    )
    return learning_rate, global_step


def training_op(loss):
    """Returns the chapter's training op: momentum, the rate divided by ten every 10,000 steps."""
    learning_rate, global_step = decayed(0.1, decay_steps=10000, decay_rate=1 / 10)
    optimizer = tf.train.MomentumOptimizer(learning_rate, momentum=0.9)
    return optimizer.minimize(loss, global_step=global_step)
