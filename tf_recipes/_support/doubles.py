"""Computes in float64 where an operation of Keras gives float32 for float64 numbers.

`keras.backend.result_type` makes float64 float32 on JAX and PyTorch. `keras.ops.tanh` follows it on
JAX, and `keras.ops.matmul`, `maximum` and `divide_no_nan` follow it on PyTorch. TF1 computed these
in the dtype of the tensors. Every other dtype takes Keras' own operation.
"""

import math
from typing import Any

import keras
from keras import ops


def _narrowed(x: Any, backend: str) -> bool:
    """Returns whether `x` is a float64 tensor on that backend of Keras."""
    return (
        keras.backend.backend() == backend and keras.backend.standardize_dtype(x.dtype) == "float64"
    )


def matmul(x: Any, y: Any) -> Any:
    """Returns the product of a tensor and a matrix of the same dtype."""
    if not _narrowed(x, "torch") or keras.backend.is_keras_tensor(x):
        return ops.matmul(x, y)
    return x @ ops.convert_to_tensor(y)


def maximum(x: Any, least: Any) -> Any:
    """Returns the elementwise maximum of a tensor and a tensor or number."""
    if not _narrowed(x, "torch") or keras.backend.is_keras_tensor(x):
        return ops.maximum(x, least)
    import torch

    return torch.maximum(x, torch.as_tensor(least, dtype=x.dtype, device=x.device))


def minimum(x: Any, most: Any) -> Any:
    """Returns the elementwise minimum of a tensor and a tensor or number."""
    if not _narrowed(x, "torch") or keras.backend.is_keras_tensor(x):
        return ops.minimum(x, most)
    import torch

    return torch.minimum(x, torch.as_tensor(most, dtype=x.dtype, device=x.device))


@keras.saving.register_keras_serializable(package="tf_recipes", name="tanh")
def tanh(x: Any) -> Any:
    """Returns the hyperbolic tangent."""
    if not _narrowed(x, "jax") or keras.backend.is_keras_tensor(x):
        return ops.tanh(x)
    import jax.numpy as jnp

    return jnp.tanh(x)


@keras.saving.register_keras_serializable(package="tf_recipes")
class MeanCrossentropy(keras.losses.SparseCategoricalCrossentropy):
    """Divides the sum of float64 losses in float64 on PyTorch, where Keras does so in float32.

    The gradient of Keras' division, 1 / batch size, is rounded to float32 as well.
    """

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Returns the sum of the losses divided by their number."""
        config = {**self.get_config(), "reduction": "sum", "dtype": self.dtype}
        total = keras.losses.SparseCategoricalCrossentropy(**config)(y_true, y_pred, sample_weight)
        return total / math.prod(y_pred.shape[:-1])
