"""He and Xavier initialisation as TF1 wrote them."""

import tensorflow as tf


def he_init():
    """Factor 2, FAN_IN, truncated normal: contrib's defaults, not those of the core function."""
    return tf.contrib.layers.variance_scaling_initializer()


def xavier_init():
    """Uniform with the variance 2 / (fan_in + fan_out)."""
    return tf.contrib.layers.xavier_initializer()


def layer(inputs, units, scope):
    """The document's snippet: one fully connected layer with He weights."""
    return tf.contrib.layers.fully_connected(
        inputs, units, weights_initializer=he_init(), scope=scope
    )
