"""Exponential decay of the learning rate."""

import keras

from tf_recipes._support import validation


def exponential_decay(initial_learning_rate, decay_steps, decay_rate, staircase=False):
    """`initial_learning_rate * decay_rate ** (step / decay_steps)`, the step read before it rises.

    TF1: `tf.train.exponential_decay`. Keras' `ExponentialDecay` is exact, compiled bit for bit, and
    this returns it. What differs is the optimizer under it: `keras.optimizers.SGD` folds the rate
    into the velocity, so that momentum under a decaying rate is another algorithm; see
    `tf_recipes.Momentum`. In Python 2 the document's `decay_rate = 1/10` was the integer 0.

    Args:
        initial_learning_rate: float >= 0.
        decay_steps: number > 0 of steps.
        decay_rate: float > 0, the factor per `decay_steps` steps.
        staircase: decay at whole multiples of `decay_steps` only.

    Raises:
        ValueError: for an argument outside these.

    >>> float(exponential_decay(0.1, decay_steps=10000, decay_rate=1 / 10)(10000))
    0.010000000707805157
    """
    validation.number("initial_learning_rate", initial_learning_rate, 0)
    validation.number("decay_steps", decay_steps, 0, open_low=True)
    validation.number("decay_rate", decay_rate, 0, open_low=True)
    validation.flag("staircase", staircase)
    return keras.optimizers.schedules.ExponentialDecay(
        # floats, because Keras computes with whole numbers as such, and 1 decays to 0
        float(initial_learning_rate),
        float(decay_steps),
        float(decay_rate),
        staircase=staircase,
    )
