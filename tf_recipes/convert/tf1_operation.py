"""Defines a layer that runs one operation of TensorFlow, for what Keras has no counterpart of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tf_recipes._support import validation
from tf_recipes.graph.graph_session import touches


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
    >>> layer = tf_recipes.TF1Operation("Square", {})
    >>> np.asarray(layer(np.float32([1.0, 3.0]))).tolist()
    [1.0, 9.0]

    References:
        Abadi et al., "TensorFlow: Large-Scale Machine Learning on Heterogeneous Distributed
        Systems", 2015, on operations and kernels.
    """

    def __init__(self, operation: str, attributes: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        known = operation.isidentifier() and not operation.startswith("_")
        if not known or not hasattr(tf.raw_ops, operation) or touches(operation):
            validation.fail(
                "`operation` must be one of TensorFlow's that computes numbers of numbers.",
                f"operation={operation!r}",
                "Pass for example 'LRN'; operations that touch files or run Python are refused.",
            )
        self.operation, self.attributes = operation, dict(attributes)

    def call(self, *inputs: Any) -> Any:
        """Returns what the operation gives."""
        function = getattr(tf.raw_ops, self.operation)
        names = [name for name in tf_names(self.operation) if name not in self.attributes]
        given = dict(zip(names, inputs, strict=False))
        found = function(**given, **self.attributes)
        return list(found) if isinstance(found, tuple) else found

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {
            **super().get_config(),
            "operation": self.operation,
            "attributes": self.attributes,
        }


def tf_names(operation: str) -> list[str]:
    """Returns the names of the arguments of an operation, those of its inputs first."""
    import inspect

    found = inspect.signature(getattr(tf.raw_ops, operation)).parameters
    return [name for name in found if name != "name"]
