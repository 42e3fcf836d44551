"""L1 and L2 with TF1's scaling: in every layer's slot, or by hand."""

import keras
import numpy as np
from keras import ops

from tf_recipes._support import validation


@keras.saving.register_keras_serializable(package="tf_recipes")
class L1L2(keras.regularizers.Regularizer):
    """`scale_l1 * sum|w| + scale_l2 * sum(w^2) / 2`, the scales in the weights' dtype.

    TF1: `tf.contrib.layers.l1_l2_regularizer`. Keras' `L1L2(l1, l2 / 2)` is the same in float32;
    for float64 weights it rounds the scales to float32 first, 1e-8 apart, and while Keras' float
    type is float32 it cannot add the penalty to the loss. Here the scales and the gradient have the
    weights' dtype, and the penalty's value Keras' float type.

    Args:
        scale_l1, scale_l2: float >= 0.

    Raises:
        ValueError: for an integer (TF1 refused it), a negative number, NaN or infinity.
    """

    def __init__(self, scale_l1=0.0, scale_l2=0.0):
        validation.scale("scale_l1", scale_l1)
        validation.scale("scale_l2", scale_l2)
        self.scale_l1 = scale_l1
        self.scale_l2 = scale_l2

    def __call__(self, x):
        x = ops.convert_to_tensor(x)
        total = ops.zeros((), dtype=x.dtype)
        if self.scale_l1:
            total = total + _scalar(self.scale_l1, x) * ops.sum(ops.absolute(x))
        if self.scale_l2:
            total = total + _scalar(self.scale_l2, x) * (ops.sum(ops.square(x)) / 2)
        return ops.cast(total, keras.config.floatx())

    def get_config(self):
        return {"scale_l1": self.scale_l1, "scale_l2": self.scale_l2}


def _scalar(value, like):
    # NumPy's double, because Keras would round Python's to float32 on its way to float64.
    return ops.cast(np.float64(value), like.dtype)


def l1_regularizer(scale):
    """`scale * sum|w|`, for a layer's `kernel_regularizer`. See `L1L2`.

    TF1: `tf.contrib.layers.l1_regularizer`.
    """
    validation.scale("scale", scale)
    return L1L2(scale_l1=scale)


def l2_regularizer(scale):
    """`scale * sum(w^2) / 2`, for a layer's `kernel_regularizer`. See `L1L2`.

    TF1: `tf.contrib.layers.l2_regularizer`. Keras' `L2` lacks the half: the same number there
    regularizes twice as hard.

    >>> float(l2_regularizer(0.5)(keras.ops.array([2.0])))
    1.0
    """
    validation.scale("scale", scale)
    return L1L2(scale_l2=scale)


def l1_l2_regularizer(scale_l1=1.0, scale_l2=1.0):
    """The sum of both. TF1: `tf.contrib.layers.l1_l2_regularizer`. See `L1L2`."""
    return L1L2(scale_l1, scale_l2)


def penalty(weights, scale_l1=0.0, scale_l2=0.0):
    """The same sum by hand, over several weights, to add to a loss in `compute_loss`.

    TF1: the document's `loss = base_loss + scale * tf.reduce_sum(tf.abs(weights))`.

    Args:
        weights: list of tensors or variables of any shapes.
        scale_l1, scale_l2: float >= 0.

    Returns:
        A scalar tensor.

    Raises:
        ValueError: for a bad scale, or no weights at all.

    >>> float(penalty([keras.ops.array([3.0, -4.0])], scale_l1=0.5))
    3.5
    """
    regularizer = l1_l2_regularizer(scale_l1, scale_l2)
    weights = list(weights)
    if not weights:
        validation.fail(
            "There must be weights to regularize.", "weights=[]", "Pass layer.kernel, say."
        )
    return ops.sum(ops.stack([regularizer(w) for w in weights]))
