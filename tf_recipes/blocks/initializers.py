"""Defines He and Xavier initialisation with TF1's distributions."""

import math
import random
from collections.abc import Sequence
from typing import Any

import keras

from tf_recipes._support import tf1_names, validation

MODES = ("FAN_IN", "FAN_OUT", "FAN_AVG")


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Returns `(fan_in, fan_out)` of a kernel.

    Args:
        shape: `(..., in, out)`; the leading axes are a receptive field.

    >>> fans((3, 3, 16, 32))
    (144, 288)
    """
    if not shape:
        return 1, 1
    receptive_field = math.prod(shape[:-2])
    fan_in = shape[-2] if len(shape) > 1 else shape[-1]
    return fan_in * receptive_field, shape[-1] * receptive_field


@keras.saving.register_keras_serializable(package="tf_recipes")
class VarianceScaling(keras.initializers.Initializer):
    """Draws weights with the variance `factor / n`, where n is the fan.

    TF1: `tf.contrib.layers.variance_scaling_initializer`. TF1 corrects the truncation at two
    standard deviations with the rounded constant 1.3, where Keras divides by 0.87962566...: the
    standard deviations are 0.29 % apart. `tf.variance_scaling_initializer` of TF1's core has
    another default scale, 1.0, and so does not give He's variance.

    Without a seed each call draws new values, as in TF1, where several layers may use one
    initializer. Keras' own initializers then give layers of one shape the same weights. In a
    `tf.function`, values drawn during tracing stay the same afterwards.

    Args:
        factor: float > 0, the variance times the fan.
        mode: `"FAN_IN"`, `"FAN_OUT"` or `"FAN_AVG"`.
        uniform: draw from a uniform distribution instead of a truncated normal one.
        seed: int for the same values at every call, or None for new values at every call.

    Raises:
        ValueError: for an argument outside its range.

    >>> kernel = VarianceScaling(seed=1)((784, 300))
    >>> bool(abs(kernel).numpy().max() <= 2 * (1.3 * 2.0 / 784) ** 0.5)
    True

    References:
        He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", 2015.
    """

    @tf1_names.refused(gone=tf1_names.DTYPE)
    def __init__(
        self,
        factor: float = 2.0,
        mode: str = "FAN_IN",
        uniform: bool = False,
        seed: int | None = None,
    ) -> None:
        validation.number("factor", factor, 0, open_low=True)
        validation.choice("mode", mode, MODES)
        validation.flag("uniform", uniform)
        self.factor = factor
        self.mode = mode
        self.uniform = uniform
        self.seed = validation.seed("seed", seed)

    def _seed_of_call(self) -> int:
        """Returns the seed for one call: the initializer's own, or a new one if it has none."""
        return random.randrange(2**31) if self.seed is None else self.seed

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Draws a tensor of `shape`, in `dtype` or Keras' float type."""
        fan_in, fan_out = fans(tuple(shape))
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2}[self.mode]
        seed = self._seed_of_call()
        if self.uniform:
            # variance = limit^2 / 3
            limit = math.sqrt(3.0 * self.factor / n)
            return keras.random.uniform(shape, -limit, limit, dtype=dtype, seed=seed)
        # 1.3 is TF1's rounded correction for the truncation
        stddev = math.sqrt(1.3 * self.factor / n)
        return keras.random.truncated_normal(shape, stddev=stddev, dtype=dtype, seed=seed)

    def get_config(self) -> dict[str, Any]:
        return {
            "factor": self.factor,
            "mode": self.mode,
            "uniform": self.uniform,
            "seed": self.seed,
        }


@tf1_names.refused(
    gone={
        **tf1_names.DTYPE,
        **dict.fromkeys(("factor", "mode", "uniform"), "Use tf_recipes.VarianceScaling."),
    }
)
def he_init(seed: int | None = None) -> VarianceScaling:
    """Returns He's initializer: truncated normal with variance 2 / fan_in.

    TF1: the chapter's `he_init`, `tf.contrib.layers.variance_scaling_initializer()`. Keras'
    `HeNormal` has a standard deviation 0.29 % smaller; see `VarianceScaling`.

    Args:
        seed: int for the same values at every call, or None for new values at every call.

    Raises:
        ValueError: for a seed that is not a whole number of at least 0.

    >>> he_init(seed=1)((784, 300)).shape
    TensorShape([784, 300])

    References:
        He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", 2015.
    """
    return VarianceScaling(factor=2.0, mode="FAN_IN", uniform=False, seed=seed)


@tf1_names.refused(gone=tf1_names.DTYPE)
def xavier_init(uniform: bool = True, seed: int | None = None) -> VarianceScaling:
    """Returns Xavier's initializer: variance 2 / (fan_in + fan_out).

    TF1: `tf.contrib.layers.xavier_initializer`. The uniform form, the default, draws the numbers
    that Keras' `GlorotUniform` draws from the same seed. The normal form differs from Keras'
    `GlorotNormal` as described at `VarianceScaling`. Without a seed each call draws new values.

    Args:
        uniform: draw from a uniform distribution instead of a truncated normal one.
        seed: int for the same values at every call, or None for new values at every call.

    Raises:
        ValueError: for an argument outside its range.

    >>> kernel = xavier_init(seed=1)((784, 300))
    >>> bool(abs(kernel).numpy().max() <= (6 / (784 + 300)) ** 0.5)
    True

    References:
        Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", 2010.
    """
    return VarianceScaling(factor=1.0, mode="FAN_AVG", uniform=uniform, seed=seed)
