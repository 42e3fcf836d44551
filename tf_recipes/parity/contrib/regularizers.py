"""Implements contrib's regularizers: functions of the weights that return a loss, or None."""

import numbers
from collections.abc import Callable
from typing import Any

import tensorflow as tensorflow2

from tf_recipes._support.validation import fail

tf = tensorflow2.compat.v1

Regularizer = Callable[[Any], Any]


def l1_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """Returns a function of the weights w: `scale` sum|w|, or None for a scale of 0."""
    return _scaled(scale, scope, "l1_regularizer", lambda w: tf.reduce_sum(tf.abs(w)))


def l2_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """Returns a function of the weights w: `scale` sum(w^2)/2, or None for a scale of 0."""
    return _scaled(scale, scope, "l2_regularizer", tf.nn.l2_loss)


def l1_l2_regularizer(
    scale_l1: Any = 1.0, scale_l2: Any = 1.0, scope: str | None = None
) -> Regularizer:
    """Returns a function of the weights w: `scale_l1` sum|w| + `scale_l2` sum(w^2)/2.

    A scale of 0 leaves its term out.
    """
    _check(scale_l1)
    _check(scale_l2)
    scope = scope or "l1_l2_regularizer"
    if _is_zero(scale_l1):
        return l2_regularizer(scale_l2, scope)
    if _is_zero(scale_l2):
        return l1_regularizer(scale_l1, scope)
    both = l1_regularizer(scale_l1), l2_regularizer(scale_l2)

    def regularizer(weights: Any) -> Any:
        with tf.name_scope(scope, "sum_regularizer", [weights]) as name:
            return tf.add_n([each(weights) for each in both], name=name)

    return regularizer


def _scaled(scale: Any, scope: str | None, default_name: str, norm: Regularizer) -> Regularizer:
    """Returns a function of the weights: `scale` times their norm."""
    _check(scale)
    if _is_zero(scale):
        return lambda weights: None

    def regularizer(weights: Any) -> Any:
        with tf.name_scope(scope, default_name, [weights]) as name:
            factor = tf.convert_to_tensor(scale, weights.dtype.base_dtype, name="scale")
            return tf.multiply(factor, norm(weights), name=name)

    return regularizer


def _is_zero(scale: Any) -> bool:
    return isinstance(scale, numbers.Real) and float(scale) == 0


def _check(scale: Any) -> None:
    """Refuses negative numbers and, as TF1 does, integers; a tensor is not checked."""
    negative = isinstance(scale, numbers.Real) and float(scale) < 0
    if negative or isinstance(scale, numbers.Integral):
        fail(
            "A scale must be a float of at least 0.0.",
            repr(scale),
            "Pass a float, such as 0.001; TF1 refused integers.",
        )
