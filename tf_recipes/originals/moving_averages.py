"""Averages the weights in TF1 code: beside the training, and in their place for evaluation."""

import tensorflow as tf


def train_with_averages(training_op, decay, num_updates=None):
    """Returns an op that trains and then moves the averages, and the object that holds them."""
    averages = tf.train.ExponentialMovingAverage(decay, num_updates)
    with tf.control_dependencies([training_op]):
        train = averages.apply(tf.trainable_variables())
    return train, averages


def debiased_averages(training_op, weights, decay, num_updates=None):
    """Returns an op that trains, and the averages of tensors, which `zero_debias` corrects."""
    averages = tf.train.ExponentialMovingAverage(decay, num_updates, zero_debias=True)
    with tf.control_dependencies([training_op]):
        values = [tf.identity(each.read_value()) for each in weights]
        train = averages.apply(values)
    return train, [averages.average(value) for value in values]


def saver_of_averages(averages):
    """Returns a saver that restores the averages into the weights, for a second program."""
    return tf.train.Saver(averages.variables_to_restore())
