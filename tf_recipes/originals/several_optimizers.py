"""Trains some variables by one optimizer and others by another one, in TF1 code."""

import tensorflow as tf


def train_by_two(loss, optimizers, variables):
    """Returns an op that takes a step of each optimizer for its variables.

    Args:
        loss: the loss of both.
        optimizers: a pair of optimizers.
        variables: a pair of lists of variables.
    """
    one, other = optimizers
    wide, deep = variables
    return tf.group(one.minimize(loss, var_list=wide), other.minimize(loss, var_list=deep))
