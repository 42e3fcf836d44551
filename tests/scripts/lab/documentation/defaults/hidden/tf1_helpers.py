"""Provides the registry of the measurements of TF1, and a session."""

import numpy as np
import tensorflow as tf

MEASUREMENTS = {}


def measurement(function):
    """Registers a function that returns a list of numbers, under its name."""
    MEASUREMENTS[function.__name__] = function
    return function


def run(*fetches, **options):
    """Initialises all variables, runs `first`, and returns the values as one flat list."""
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for each in options.get("first", ()):
            sess.run(each)
        return np.concatenate([np.ravel(each) for each in sess.run(list(fetches))]).tolist()


def ones(*shape):
    return tf.ones(shape)


def largest(weights):
    return tf.reduce_max(tf.abs(weights))


def variables(ending):
    return [each for each in tf.global_variables() if each.op.name.endswith(ending)]
