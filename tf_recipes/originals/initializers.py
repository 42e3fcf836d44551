"""Returns He and Xavier initialisers in TF1 code."""

import tensorflow as tf


def he_init():
    """Returns contrib's initialiser with its defaults: factor 2, FAN_IN, truncated normal.

    TensorFlow's core function of the same name has other defaults.
    """
    return tf.contrib.layers.variance_scaling_initializer()


def xavier_init():
    """Returns the uniform initialiser with the variance 2 / (fan_in + fan_out)."""
    return tf.contrib.layers.xavier_initializer()


def layer(inputs, units, scope):
    """Builds one fully connected layer with He weights, as in the chapter."""
    return tf.contrib.layers.fully_connected(
        inputs, units, weights_initializer=he_init(), scope=scope
    )
