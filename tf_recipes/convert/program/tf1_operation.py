"""Defines a layer that runs one operation of TensorFlow, for what Keras has no counterpart of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from tf_recipes._support import validation


@keras.saving.register_keras_serializable(package="tf_recipes")
class TF1Operation(keras.layers.Layer):
    """Runs an operation of a TF1 graph as it is; for Keras' TensorFlow backend alone.

    A converted model has such a layer where the person asked to keep an operation that has no
    counterpart. Replace it before the model moves to another backend.

    TF1: the node of the graph with this operation and these attributes.

    Args:
        operation: the name of the operation in TensorFlow, such as `"LRN"`.
        attributes: `{attribute: value}` of the node; a dtype is its name, such as `"float32"`.
            A number that the operation takes like a tensor, such as an axis, may be among them.
        **kwargs: those of `keras.layers.Layer`.

    Call arguments:
        inputs: the tensors that the operation takes, in its order; an operation that takes a list
            of tensors gets them as a list.

    Returns:
        The operation's output, or a list of them.

    Raises:
        ValueError: for an operation that TensorFlow does not have, that reads or writes files, or
            that runs Python.

    >>> import numpy as np
    >>> layer = TF1Operation("Square", {})
    >>> np.asarray(layer(np.float32([1.0, 3.0]))).tolist()
    [1.0, 9.0]

    References:
        Abadi et al., "TensorFlow: Large-Scale Machine Learning on Heterogeneous Distributed
        Systems", 2015, on operations and kernels.
    """

    def __init__(self, operation: str, attributes: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if keras.backend.backend() != "tensorflow":
            validation.fail(
                "An operation of TensorFlow needs Keras' TensorFlow backend.",
                f"the operation {operation!r} on {keras.backend.backend()!r}",
                "Set KERAS_BACKEND=tensorflow, or replace the layer by one of Keras.",
            )
        import tensorflow as tf  # not above: the other backends do without TensorFlow

        from tf_recipes.graph.graph_session import touches

        known = operation.isidentifier() and not operation.startswith("_")
        if not known or not hasattr(tf.raw_ops, operation) or touches(operation):
            validation.fail(
                "`operation` must be one of TensorFlow's that computes numbers of numbers.",
                f"operation={operation!r}",
                "Pass for example 'LRN'; operations that touch files or run Python are refused.",
            )
        self._function = getattr(tf.raw_ops, operation)
        self.operation, self.attributes = operation, dict(attributes)

    def call(self, *inputs: Any) -> Any:
        """Returns what the operation gives."""
        names = [name for name in argument_names(self._function) if name not in self.attributes]
        given = dict(zip(names, inputs, strict=False))
        found = self._function(**given, **self.attributes)
        return list(found) if isinstance(found, tuple) else found

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {
            **super().get_config(),
            "operation": self.operation,
            "attributes": self.attributes,
        }


def argument_names(function: Callable[..., Any]) -> list[str]:
    """Returns the names of the arguments of one of `tf.raw_ops`, those of its inputs first."""
    return [name for name in inspect.signature(function).parameters if name != "name"]
