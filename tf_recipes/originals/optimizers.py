"""The document's optimizers as `tf.train` has them."""

import tensorflow as tf


def optimizer(name, learning_rate, **arguments):
    """The `tf.train` optimizer of that name, with its own argument names."""
    if name == "nesterov":
        return tf.train.MomentumOptimizer(learning_rate, use_nesterov=True, **arguments)
    return {
        "gradient_descent": tf.train.GradientDescentOptimizer,
        "momentum": tf.train.MomentumOptimizer,
        "adagrad": tf.train.AdagradOptimizer,
        "rmsprop": tf.train.RMSPropOptimizer,
        "adam": tf.train.AdamOptimizer,
    }[name](learning_rate, **arguments)
