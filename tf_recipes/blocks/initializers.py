"""He and Xavier initialisation with TF1's distributions."""

import math
import random

import keras

from tf_recipes._support import validation

MODES = ("FAN_IN", "FAN_OUT", "FAN_AVG")


def fans(shape):
    """`(fan_in, fan_out)` of a kernel: `(..., in, out)`, the leading axes a receptive field.

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
    """Draws weights whose variance is `factor / n`, n the fan.

    TF1: `tf.contrib.layers.variance_scaling_initializer`. It corrects for the truncation at two
    standard deviations with the rounded constant 1.3, where Keras divides by 0.87962566...: a
    standard deviation 0.29 % apart. `tf.variance_scaling_initializer` of TF1's core has another
    default scale, 1.0, and is not He's. Without a seed each call draws anew, as in TF1, where one
    object may serve several layers; Keras' own initializers then give layers of one shape the same
    weights. In a `tf.function` what is drawn while it is traced stays.

    Args:
        factor: float > 0, the variance times the fan.
        mode: `"FAN_IN"`, `"FAN_OUT"` or `"FAN_AVG"`.
        uniform: draw uniformly instead of from a truncated normal.
        seed: int for the same values at every call, or None for others each time.

    Raises:
        ValueError: for an argument outside these.

    Example:

    >>> kernel = VarianceScaling(seed=1)((784, 300))
    >>> bool(abs(kernel).numpy().max() <= 2 * (1.3 * 2.0 / 784) ** 0.5)
    True

    References:
        He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", 2015.
    """

    def __init__(self, factor=2.0, mode="FAN_IN", uniform=False, seed=None):
        validation.number("factor", factor, 0, open_low=True)
        validation.choice("mode", mode, MODES)
        validation.flag("uniform", uniform)
        self.factor = factor
        self.mode = mode
        self.uniform = uniform
        self.seed = validation.seed("seed", seed)

    def _seed(self):
        """The seed of this call: its own, or another each time."""
        return random.randrange(2**31) if self.seed is None else self.seed

    def __call__(self, shape, dtype=None):
        """A tensor of `shape`, in `dtype` or Keras' float type."""
        fan_in, fan_out = fans(tuple(shape))
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2}[self.mode]
        if self.uniform:
            limit = math.sqrt(3.0 * self.factor / n)
            return keras.random.uniform(shape, -limit, limit, dtype=dtype, seed=self._seed())
        stddev = math.sqrt(1.3 * self.factor / n)
        return keras.random.truncated_normal(shape, stddev=stddev, dtype=dtype, seed=self._seed())

    def get_config(self):
        return {
            "factor": self.factor,
            "mode": self.mode,
            "uniform": self.uniform,
            "seed": self.seed,
        }


def he_init(seed=None):
    """The document's `he_init`: variance 2 / fan_in, truncated normal. See `VarianceScaling`."""
    return VarianceScaling(factor=2.0, mode="FAN_IN", uniform=False, seed=seed)


def xavier_init(uniform=True, seed=None):
    """TF1's `tf.contrib.layers.xavier_initializer`: variance 2 / (fan_in + fan_out).

    The uniform one (the default there) draws what Keras' `GlorotUniform` draws from the same seed;
    without a seed each call draws anew, as TF1 did. See `VarianceScaling`, also for the normal one.

    References:
        Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", 2010.
    """
    return VarianceScaling(factor=1.0, mode="FAN_AVG", uniform=uniform, seed=seed)
