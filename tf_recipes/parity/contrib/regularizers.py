"""contrib's regularizers: functions of the weights that give a loss, or None."""

import numbers

import tensorflow as tensorflow2

from tf_recipes._support.validation import fail

tf = tensorflow2.compat.v1


def l1_regularizer(scale, scope=None):
    """`scale` sum|w|."""
    return _scaled(scale, scope, "l1_regularizer", lambda w: tf.reduce_sum(tf.abs(w)))


def l2_regularizer(scale, scope=None):
    """`scale` sum(w^2)/2."""
    return _scaled(scale, scope, "l2_regularizer", tf.nn.l2_loss)


def l1_l2_regularizer(scale_l1=1.0, scale_l2=1.0, scope=None):
    """scale_l1 sum|w| + scale_l2 sum(w^2)/2; a scale of 0 adds nothing."""
    _check(scale_l1)
    _check(scale_l2)
    scope = scope or "l1_l2_regularizer"
    if _is_zero(scale_l1):
        return l2_regularizer(scale_l2, scope)
    if _is_zero(scale_l2):
        return l1_regularizer(scale_l1, scope)
    both = l1_regularizer(scale_l1), l2_regularizer(scale_l2)

    def regularizer(weights):
        with tf.name_scope(scope, "sum_regularizer", [weights]) as name:
            return tf.add_n([each(weights) for each in both], name=name)

    return regularizer


def _scaled(scale, scope, default_name, norm):
    _check(scale)
    if _is_zero(scale):
        return lambda weights: None

    def regularizer(weights):
        with tf.name_scope(scope, default_name, [weights]) as name:
            factor = tf.convert_to_tensor(scale, weights.dtype.base_dtype, name="scale")
            return tf.multiply(factor, norm(weights), name=name)

    return regularizer


def _is_zero(scale):
    return isinstance(scale, numbers.Real) and scale == 0


def _check(scale):
    """TF1 refuses integers, also 0 and 1; a tensor it takes as it is."""
    negative = isinstance(scale, numbers.Real) and scale < 0
    if negative or isinstance(scale, numbers.Integral):
        fail("A scale must be a float, at least 0.0.", repr(scale), "Write it with a point.")
