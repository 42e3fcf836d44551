"""Defines L1 and L2 with TF1's scaling: as an argument of a layer, or by hand."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
from keras import ops

from tf_recipes._support import tf1_names, validation


@keras.saving.register_keras_serializable(package="tf_recipes")
class L1L2(keras.regularizers.Regularizer):
    """Computes `scale_l1 * sum|w| + scale_l2 * sum(w^2) / 2`, the scales in the weights' dtype.

    TF1: `tf.contrib.layers.l1_l2_regularizer`. Keras' `L1L2(l1, l2 / 2)` is the same in float32.
    For float64 weights it rounds the scales to float32 first, which is 1e-8 apart, and while Keras'
    float type is float32 it cannot add the penalty to the loss. Here the scales and the gradient
    have the weights' dtype, and the penalty's value has Keras' float type.

    Args:
        scale_l1, scale_l2: float >= 0.

    Raises:
        ValueError: for an integer (TF1 refused integers), a negative number, NaN or infinity.

    >>> float(L1L2(scale_l1=0.5, scale_l2=0.5)(keras.ops.array([3.0, -4.0])))
    9.75

    References:
        Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996.
        Krogh, Hertz, "A Simple Weight Decay Can Improve Generalization", 1992.
    """

    def __init__(self, scale_l1: float = 0.0, scale_l2: float = 0.0) -> None:
        validation.scale("scale_l1", scale_l1)
        validation.scale("scale_l2", scale_l2)
        self.scale_l1 = scale_l1
        self.scale_l2 = scale_l2

    def __call__(self, x: Any) -> Any:
        x = ops.convert_to_tensor(x)
        total = ops.zeros((), dtype=x.dtype)
        if self.scale_l1:
            # scale_l1 sum|w|
            total = total + _scalar(self.scale_l1, x) * ops.sum(ops.absolute(x))
        if self.scale_l2:
            # scale_l2 sum(w^2) / 2
            total = total + _scalar(self.scale_l2, x) * (ops.sum(ops.square(x)) / 2)
        return ops.cast(total, keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        return {"scale_l1": self.scale_l1, "scale_l2": self.scale_l2}


def _scalar(value: float, like: Any) -> Any:
    """Returns a number as a tensor of the dtype of `like`."""
    # Keras would round Python's float to float32 on its way to float64; NumPy's float64 stays.
    return ops.cast(np.float64(value), like.dtype)


@tf1_names.refused(gone=tf1_names.SCOPE)
def l1_regularizer(scale: float) -> L1L2:
    """Returns the regularizer `scale * sum|w|`, for a layer's `kernel_regularizer`.

    TF1: `tf.contrib.layers.l1_regularizer`. Keras' `L1` differs for float64 weights alone; see
    `L1L2`.

    Args:
        scale: float >= 0.

    Raises:
        ValueError: for an integer (TF1 refused integers), a negative number, NaN or infinity.

    >>> float(l1_regularizer(0.5)(keras.ops.array([3.0, -4.0])))
    3.5

    References:
        Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996.
    """
    validation.scale("scale", scale)
    return L1L2(scale_l1=scale)


@tf1_names.refused(gone=tf1_names.SCOPE)
def l2_regularizer(scale: float) -> L1L2:
    """Returns the regularizer `scale * sum(w^2) / 2`, for a layer's `kernel_regularizer`.

    TF1: `tf.contrib.layers.l2_regularizer`. Keras' `L2` lacks the half: the same number there
    regularizes twice as strongly. See also `L1L2`.

    Args:
        scale: float >= 0.

    Raises:
        ValueError: for an integer (TF1 refused integers), a negative number, NaN or infinity.

    >>> float(l2_regularizer(0.5)(keras.ops.array([2.0])))
    1.0

    References:
        Krogh, Hertz, "A Simple Weight Decay Can Improve Generalization", 1992.
    """
    validation.scale("scale", scale)
    return L1L2(scale_l2=scale)


@tf1_names.refused(gone=tf1_names.SCOPE)
def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0) -> L1L2:
    """Returns the regularizer `scale_l1 * sum|w| + scale_l2 * sum(w^2) / 2`.

    TF1: `tf.contrib.layers.l1_l2_regularizer`. Keras' `L1L2` lacks the half; see `L1L2` here.

    Args:
        scale_l1, scale_l2: float >= 0.

    Raises:
        ValueError: for an integer (TF1 refused integers), a negative number, NaN or infinity.

    >>> float(l1_l2_regularizer(0.5, 0.5)(keras.ops.array([3.0, -4.0])))
    9.75

    References:
        Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996.
        Krogh, Hertz, "A Simple Weight Decay Can Improve Generalization", 1992.
    """
    return L1L2(scale_l1, scale_l2)


@tf1_names.refused(
    renamed={"weights_list": "weights"},
    gone={"regularizer": "Pass scale_l1 and scale_l2, the regularizer's scales."},
)
def penalty(weights: Iterable[Any], scale_l1: float = 0.0, scale_l2: float = 0.0) -> Any:
    """Sums `scale_l1 * sum|w| + scale_l2 * sum(w^2) / 2` over several weights, by hand.

    A model adds this penalty to its loss in `compute_loss`.

    TF1: the chapter's `loss = base_loss + scale * tf.reduce_sum(tf.abs(weights))`. The numbers are
    those of `l1_l2_regularizer`.

    Args:
        weights: list of tensors or variables of any shapes.
        scale_l1, scale_l2: float >= 0.

    Returns:
        A scalar tensor, in Keras' float type.

    Raises:
        ValueError: for a scale that `l1_l2_regularizer` refuses, or no weights at all.

    >>> float(penalty([keras.ops.array([3.0, -4.0])], scale_l1=0.5))
    3.5

    References:
        Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996.
        Krogh, Hertz, "A Simple Weight Decay Can Improve Generalization", 1992.
    """
    regularizer = l1_l2_regularizer(scale_l1, scale_l2)
    weights = list(weights)
    if not weights:
        validation.fail(
            "There must be weights to regularize.",
            "weights=[]",
            "Pass at least one, such as weights=[layer.kernel].",
        )
    return ops.sum(ops.stack([regularizer(w) for w in weights]))
