"""Defines exponential decay of the learning rate, in float32 as in TF1."""

from typing import Any

import keras
import numpy as np
from keras import ops

from tf_recipes._support import tf1_names, validation


@tf1_names.refused(
    renamed={"learning_rate": "initial_learning_rate"},
    gone={"global_step": tf1_names.GLOBAL_STEP, "name": "Leave name out: there is no graph."},
)
def exponential_decay(
    initial_learning_rate: float,
    decay_steps: float,
    decay_rate: float,
    staircase: bool = False,
) -> keras.optimizers.schedules.ExponentialDecay:
    """Returns the schedule `initial_learning_rate * decay_rate ** (step / decay_steps)`.

    TF1: `tf.train.exponential_decay`, which reads the step before the step is incremented. Keras'
    `ExponentialDecay` is exact on TensorFlow, compiled bit for bit, and this function returns it.
    On JAX with x64, and on PyTorch under `keras.config.set_floatx("float64")`, Keras decays the
    rate in float64, TF1 in float32; on these backends the function returns a subclass that computes
    in float32. The optimizer that uses the schedule differs: `keras.optimizers.SGD` folds the rate
    into the velocity, so that momentum under a decaying rate is another algorithm; see
    `tf_recipes.Momentum`. In Python 2 the chapter's `decay_rate = 1/10` was the integer 0.

    Args:
        initial_learning_rate: float >= 0.
        decay_steps: number > 0 of steps.
        decay_rate: float > 0, the factor for each `decay_steps` steps.
        staircase: decay at whole multiples of `decay_steps` only.

    Returns:
        A `keras.optimizers.schedules.ExponentialDecay`.

    Raises:
        ValueError: for an argument outside its range.

    >>> float(exponential_decay(0.1, decay_steps=10000, decay_rate=1 / 10)(10000))
    0.010000000707805157

    References:
        Robbins, Monro, "A Stochastic Approximation Method", 1951, on why the rate should fall.
    """
    validation.number("initial_learning_rate", initial_learning_rate, 0)
    validation.number("decay_steps", decay_steps, 0, open_low=True)
    validation.number("decay_rate", decay_rate, 0, open_low=True)
    validation.flag("staircase", staircase)
    kind = keras.optimizers.schedules.ExponentialDecay
    if keras.backend.backend() != "tensorflow":
        kind = _Float32Decay
    return kind(
        # Floats, because Keras computes with ints as ints: an initial rate of 1 would decay to 0.
        float(initial_learning_rate),
        float(decay_steps),
        float(decay_rate),
        staircase=staircase,
    )


@keras.saving.register_keras_serializable(package="tf_recipes")
class _Float32Decay(keras.optimizers.schedules.ExponentialDecay):
    """Computes the decayed rate in float32, as TF1 does whatever the dtype of the variables."""

    def __call__(self, step: Any) -> Any:
        """Returns the rate of a step, a float32 scalar."""
        rate, reciprocal, factor = (
            ops.cast(np.float32(value), "float32")
            for value in (
                self.initial_learning_rate,
                # TF1's graph multiplies by the reciprocal, as compilers do with a constant divisor
                np.float32(1) / np.float32(self.decay_steps),
                self.decay_rate,
            )
        )
        p = ops.cast(step, "float32") * reciprocal
        if self.staircase:
            p = ops.floor(p)
        return rate * ops.power(factor, p)
