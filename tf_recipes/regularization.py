"""L1 and L2 with TF1's scaling: in every layer's slot, or by hand."""

import keras
from keras import ops

from tf_recipes import validation


def l1_regularizer(scale):
    """`scale * sum|w|`, for a layer's `kernel_regularizer`.

    TF1: `tf.contrib.layers.l1_regularizer`. Keras' `L1` is exact, and this returns it.

    Args:
        scale: float >= 0.

    Raises:
        ValueError: for an integer (TF1 refused it), a negative number, NaN or infinity.
    """
    validation.scale("scale", scale)
    return keras.regularizers.L1(scale)


def l2_regularizer(scale):
    """`scale * sum(w^2) / 2`, for a layer's `kernel_regularizer`.

    TF1: `tf.contrib.layers.l2_regularizer`. Keras' `L2` lacks the half: the same number there
    regularizes twice as hard. This returns `L2(scale / 2)`, which is exact.

    Args:
        scale: float >= 0.

    Raises:
        ValueError: as `l1_regularizer`.

    >>> float(l2_regularizer(0.5)(keras.ops.array([2.0])))
    1.0
    """
    validation.scale("scale", scale)
    return keras.regularizers.L2(scale / 2)


def l1_l2_regularizer(scale_l1=1.0, scale_l2=1.0):
    """The sum of both. TF1: `tf.contrib.layers.l1_l2_regularizer`."""
    validation.scale("scale_l1", scale_l1)
    validation.scale("scale_l2", scale_l2)
    return keras.regularizers.L1L2(l1=scale_l1, l2=scale_l2 / 2)


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
