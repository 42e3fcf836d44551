"""Handles sparse gradients, `tf.IndexedSlices`: the values of some rows, and their indices.

Only TensorFlow has them. On another backend the gradient of an embedding is dense, and the rows
that the batch lacks hold zeros.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


def is_sparse(gradient: Any) -> bool:
    """Returns whether a gradient is an `IndexedSlices`."""
    return hasattr(gradient, "dense_shape")  # not `indices`: every tensor of PyTorch has these


def values(gradient: Any) -> Any:
    """Returns the values of a gradient: those of its rows, or the tensor itself."""
    return gradient.values if is_sparse(gradient) else gradient


def with_values(gradient: Any, new: Any) -> Any:
    """Returns a sparse gradient with the same rows, and the values `new`."""
    return type(gradient)(new, gradient.indices, gradient.dense_shape)


def mapped(function: Callable[[Any], Any], gradient: Any) -> Any:
    """Applies a function to the values of a gradient, which stays sparse if it is sparse."""
    if is_sparse(gradient):
        return with_values(gradient, function(gradient.values))
    return function(gradient)


class Divisible:
    """Lets Keras divide a sparse gradient by a loss scale, which it does with the operator `/`."""

    def __init__(self, gradient: Any) -> None:
        self.gradient = gradient

    def __truediv__(self, scale: Any) -> Any:
        return mapped(lambda tensor: tensor / scale, self.gradient)


def summed(gradient: Any, dtype: Any) -> Any:
    """Gives every value of a row the sum of the values of this row; TF1 summed them, too.

    A row that occurs twice stays there twice, with the same sum. It is computed and written twice,
    which changes nothing. Without the repetition the number of rows would be unknown, and XLA
    computes other rows for such a gradient inside a condition, such as a loss scale's.

    Returns:
        A sparse gradient whose values have the given dtype.
    """
    import tensorflow as tf  # only TensorFlow has sparse gradients

    _, positions = tf.unique(gradient.indices)
    total = tf.math.unsorted_segment_sum(gradient.values, positions, tf.size(positions))
    return with_values(gradient, tf.cast(tf.gather(total, positions), dtype))


def read(variable: Any, gradient: Any) -> Any:
    """Reads the rows of a variable that a sparse gradient holds."""
    import tensorflow as tf

    if isinstance(variable, keras.Variable):
        variable = variable.value
    return tf.gather(variable, gradient.indices)


def scale_every_row(variable: keras.Variable, factor: Any) -> None:
    """Multiplies a whole variable, and makes no copy of it.

    TensorFlow copies a variable of which rows were written at each read of the whole, and once more
    at each write of the whole. The kernel that multiplies rows does neither.

    Args:
        variable: of the gradient's shape.
        factor: scalar tensor of the variable's dtype.
    """
    import tensorflow as tf

    variable.value.scatter_mul(tf.IndexedSlices(factor, tf.range(variable.shape[0])))


def held_rows(gradient: Any, like: Any) -> Any:
    """Returns ones for the rows that a gradient holds: all rows of a dense gradient.

    Args:
        gradient: a tensor (rows, ...) or a sparse gradient.
        like: a tensor or variable (rows,), or a scalar.
    """
    if not is_sparse(gradient):
        return ops.ones(like.shape, dtype=like.dtype)
    ones = ops.ones(ops.shape(gradient.indices), dtype=like.dtype)
    return type(gradient)(ones, gradient.indices, ops.convert_to_tensor(like.shape))


def as_column(rows: Any, like: Any) -> Any:
    """Reshapes a tensor (rows,) to (rows, 1, ...), of the rank of `like`."""
    return ops.reshape(rows, (-1,) + (1,) * (len(like.shape) - 1))


def touched_rows(gradient: Any, variable: Any) -> Any:
    """Tells the rows that the batch holds from a dense gradient, where there are no sparse ones.

    On JAX and PyTorch a row of an embedding whose gradient is zero throughout counts as absent.

    Returns:
        bool (rows, 1, ...), or None for all rows.
    """
    sparse_exist = keras.backend.backend() == "tensorflow"
    if sparse_exist or getattr(variable, "name", "") != "embeddings":
        return None
    return ops.any(gradient != 0, axis=tuple(range(1, len(gradient.shape))), keepdims=True)


def select(touched: Any, new: Any, old: Any) -> Any:
    """Returns `new` in the rows that are touched, and `old` in the others; None touches all."""
    return new if touched is None else ops.where(touched, new, old)
