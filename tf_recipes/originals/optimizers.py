"""Returns the chapter's optimizers of `tf.train`."""

import tensorflow as tf


def optimizer(name, learning_rate, **arguments):
    """Returns the `tf.train` optimizer of a recipe's optimizer name.

    Args:
        name: str, such as `"momentum"`.
        learning_rate: float, or a tensor.
        **arguments: the other arguments of the `tf.train` class.
    """
    if name == "nesterov":
        return tf.train.MomentumOptimizer(learning_rate, use_nesterov=True, **arguments)
    return {
        "gradient_descent": tf.train.GradientDescentOptimizer,
        "momentum": tf.train.MomentumOptimizer,
        "adagrad": tf.train.AdagradOptimizer,
        "rmsprop": tf.train.RMSPropOptimizer,
        "adam": tf.train.AdamOptimizer,
    }[name](learning_rate, **arguments)
