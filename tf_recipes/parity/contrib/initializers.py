"""Implements contrib's initializers, which scale by fan-in and fan-out."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tensorflow2

from tf_recipes._support.validation import fail

tf = tensorflow2.compat.v1

_FANS = {
    "FAN_IN": lambda fan_in, fan_out: fan_in,
    "FAN_OUT": lambda fan_in, fan_out: fan_out,
    "FAN_AVG": lambda fan_in, fan_out: (fan_in + fan_out) / 2,
}


def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: int | None = None,
    dtype: Any = tf.float32,
) -> Callable[..., Any]:
    """Returns an initializer of variance `factor / n`.

    The truncated normal distribution is widened by the constant 1.3 before it is cut.
    """
    _check_floating(dtype)
    if mode not in _FANS:
        fail(
            "`mode` must be FAN_IN, FAN_OUT or FAN_AVG.",
            f"mode={mode!r}",
            "Pass one of these names.",
        )

    def initializer(shape: Sequence[int], dtype: Any = dtype, partition_info: Any = None) -> Any:
        _check_floating(dtype)
        n = _FANS[mode](*_fans([float(size) for size in shape]))
        if uniform:
            limit = math.sqrt(3.0 * factor / n)
            return tf.random_uniform(shape, -limit, limit, dtype, seed=seed)
        deviation = math.sqrt(1.3 * factor / n)
        return tf.truncated_normal(shape, 0.0, deviation, dtype, seed=seed)

    return initializer


def xavier_initializer(
    uniform: bool = True, seed: int | None = None, dtype: Any = tf.float32
) -> Callable[..., Any]:
    """Returns an initializer of variance 1 / n, where n is the average of both fans."""
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


def _fans(sizes: Sequence[float]) -> tuple[float, float]:
    """Returns fan-in and fan-out: the last two sizes, each times the product of those before.

    A vector's only size is both fans.
    """
    if not sizes:
        return 1.0, 1.0
    field = math.prod(sizes[:-2])
    return field * sizes[-2:][0], field * sizes[-1]


def _check_floating(dtype: Any) -> None:
    if not dtype.is_floating:
        fail("`dtype` must be a floating point type.", dtype.name, "Pass tf.float32.")
