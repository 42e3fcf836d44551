"""Holds the helpers that contrib's layers share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tensorflow2

from tf_recipes._support.validation import fail

tf = tensorflow2.compat.v1

# Names of collections for all variables, or by the variable's name.
Collections = Sequence[Any] | Mapping[str, Sequence[Any]] | None


def either(is_training: Any, train: Callable[[], Any], evaluate: Callable[[], Any]) -> Any:
    """Returns the result of `train` or of `evaluate`.

    The choice is made at once where `is_training` has a static value, else in the graph.
    """
    value = static(is_training)
    if value is None:
        return tf.cond(is_training, train, evaluate)
    return train() if value else evaluate()


def static(is_training: Any) -> bool | None:
    """Returns `is_training` as a bool, or None for a tensor that only a session can evaluate."""
    if is_training is None:
        fail(
            "`is_training` must be a bool or a tensor.",
            "is_training=None",
            "Pass True or False: TF1's default, Keras' learning phase, is not available.",
        )
    if isinstance(is_training, tf.Variable):
        return None
    value = tf.get_static_value(is_training) if tf.is_tensor(is_training) else is_training
    return None if value is None else bool(value)


def finished(outputs: Any, activation_fn: Callable[[Any], Any] | None, collections: Any) -> Any:
    """Applies the activation, adds the outputs to the collections, and returns them."""
    outputs = outputs if activation_fn is None else activation_fn(outputs)
    if collections:
        tf.add_to_collections(collections, outputs)
    return outputs


def model_variable(
    getter: Callable[..., Any],
    name: str,
    collections: Sequence[Any] | None = None,
    **arguments: Any,
) -> Any:
    """Returns the variable of `getter`, and adds a new one to MODEL_VARIABLES, too."""
    collections = collections or [tf.GraphKeys.GLOBAL_VARIABLES]
    collections = list(dict.fromkeys([*collections, tf.GraphKeys.MODEL_VARIABLES]))
    return getter(name, collections=collections, **arguments)


def of_variable(collections: Collections, name: str) -> Sequence[Any]:
    """Returns the collections for the variable of that name."""
    if isinstance(collections, Mapping):
        return collections.get(name) or ()
    return collections or ()
