"""Finds the optimizers inside an optimizer, such as a loss scale's or that of averages."""

import keras


def from_outside(optimizer: keras.optimizers.Optimizer) -> list[keras.optimizers.Optimizer]:
    """Returns the optimizer, then the optimizer inside it, and so on; the last one has none."""
    found = [optimizer]
    while hasattr(found[-1], "inner_optimizer"):
        found.append(found[-1].inner_optimizer)
    return found


def innermost(optimizer: keras.optimizers.Optimizer) -> list[keras.optimizers.Optimizer]:
    """Returns the optimizers that change the weights: one, or several beside one another."""
    last = from_outside(optimizer)[-1]
    return list(getattr(last, "inner_optimizers", [last]))


def all_of(optimizer: keras.optimizers.Optimizer) -> list[keras.optimizers.Optimizer]:
    """Returns an optimizer and all optimizers inside it, however deep."""
    found = [*from_outside(optimizer), *innermost(optimizer)]
    return list({id(each): each for each in found}.values())
