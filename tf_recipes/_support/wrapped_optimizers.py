"""Finds the optimizers inside an optimizer, such as a loss scale's or that of averages."""

import keras


def from_outside(optimizer: keras.optimizers.Optimizer) -> list[keras.optimizers.Optimizer]:
    """Returns the optimizer, then the optimizer inside it, and so on; the last one has none."""
    found = [optimizer]
    while hasattr(found[-1], "inner_optimizer"):
        found.append(found[-1].inner_optimizer)
    return found
