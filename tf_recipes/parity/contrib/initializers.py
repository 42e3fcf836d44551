"""contrib's initializers by fan-in and fan-out."""

import math

import tensorflow as tensorflow2

from tf_recipes._support.validation import fail

tf = tensorflow2.compat.v1

_FANS = {
    "FAN_IN": lambda fan_in, fan_out: fan_in,
    "FAN_OUT": lambda fan_in, fan_out: fan_out,
    "FAN_AVG": lambda fan_in, fan_out: (fan_in + fan_out) / 2,
}


def variance_scaling_initializer(
    factor=2.0, mode="FAN_IN", uniform=False, seed=None, dtype=tf.float32
):
    """Variance `factor / n`, corrected by the constant 1.3 where the normal is truncated."""
    _check_floating(dtype)
    if mode not in _FANS:
        fail("`mode` must be FAN_IN, FAN_OUT or FAN_AVG.", repr(mode), "Use one of them.")

    def initializer(shape, dtype=dtype, partition_info=None):
        _check_floating(dtype)
        n = _FANS[mode](*_fans([float(size) for size in shape]))
        if uniform:
            limit = math.sqrt(3.0 * factor / n)
            return tf.random_uniform(shape, -limit, limit, dtype, seed=seed)
        deviation = math.sqrt(1.3 * factor / n)
        return tf.truncated_normal(shape, 0.0, deviation, dtype, seed=seed)

    return initializer


def xavier_initializer(uniform=True, seed=None, dtype=tf.float32):
    """contrib's: by the average of both fans."""
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


def _fans(sizes):
    """The last two sizes, each times those before them; a vector's size is both."""
    if not sizes:
        return 1.0, 1.0
    field = math.prod(sizes[:-2])
    return field * sizes[-2:][0], field * sizes[-1]


def _check_floating(dtype):
    if not dtype.is_floating:
        fail("`dtype` must be a floating point type.", dtype.name, "Use tf.float32.")
