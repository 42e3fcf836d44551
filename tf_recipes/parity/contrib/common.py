"""What contrib's layers share."""

import tensorflow as tensorflow2

from tf_recipes._support.validation import fail

tf = tensorflow2.compat.v1


def either(is_training, train, evaluate):
    """One of both, now where `is_training` is known, in the graph where it is not."""
    known = static(is_training)
    if known is None:
        return tf.cond(is_training, train, evaluate)
    return train() if known else evaluate()


def static(is_training):
    """A bool, or None for what only a session can tell."""
    if is_training is None:
        fail("`is_training` must be a bool or a tensor.", None, "Give True or False.")
    if isinstance(is_training, tf.Variable):
        return None
    value = tf.get_static_value(is_training) if tf.is_tensor(is_training) else is_training
    return None if value is None else bool(value)


def finished(outputs, activation_fn, collections):
    """The outputs activated, and noted in the collections."""
    outputs = outputs if activation_fn is None else activation_fn(outputs)
    if collections:
        tf.add_to_collections(collections, outputs)
    return outputs


def model_variable(getter, name, collections=None, **arguments):
    """What `getter` gives; a new variable goes into MODEL_VARIABLES, too, once."""
    collections = collections or [tf.GraphKeys.GLOBAL_VARIABLES]
    collections = list(dict.fromkeys([*collections, tf.GraphKeys.MODEL_VARIABLES]))
    return getter(name, collections=collections, **arguments)


def of_variable(collections, name):
    """The caller's collections for the variable of that name: a list for all, or a dict."""
    found = collections.get(name) if isinstance(collections, dict) else collections
    return found or ()
