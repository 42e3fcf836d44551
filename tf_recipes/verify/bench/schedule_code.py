"""Writes the code of the schedule that a TF1 graph has, from its constants and its rates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.update_ops import Update

MOST = 12  # constants of a schedule's graph; more would be another kind of graph
CLOSE = 1e-5  # the largest relative difference between two rates that are one


def written(structure: Structure, update: Update, rates: Sequence[float], taken: int) -> str | None:
    """Returns a Keras schedule as code, or None where the graph has none that is known.

    The kinds are exponential decay, with and without staircase, and polynomial decay. The roles of
    the graph's constants are told by the rates: one choice of roles alone gives all of them.

    Args:
        structure: the `Structure` of the graph.
        update: an update operation.
        rates: the learning rate of each step.
        taken: the steps that were taken before.
    """
    above = structure.ancestors([node_of(update.tensors["rate"])], control=False)
    numbers = sorted(
        {
            float(str(np.float32(value)))
            for name in above
            if (value := structure.constant(name)) is not None
            and value.ndim == 0
            and value.dtype.kind in "fiu"
        }
    )
    if not any(structure.nodes[name].op == "Pow" for name in above) or len(numbers) > MOST:
        return None
    steps, wanted = taken + np.arange(len(rates), dtype="f8"), np.asarray(rates, "f8")
    if any(structure.nodes[name].op == "Floor" for name in above):
        return _exponential(numbers, steps, wanted, np.floor, ", staircase=True")
    found = _exponential(numbers, steps, wanted, np.asarray, "")
    return found or _polynomial(numbers, steps, wanted)


def _exponential(
    numbers: Sequence[float],
    steps: np.ndarray,
    wanted: np.ndarray,
    whole: Callable[[np.ndarray], np.ndarray],
    staircase: str,
) -> str | None:
    for first, every, rate in itertools.permutations(numbers, 3):
        if every < 1 or rate <= 0:
            continue
        if _same(first * rate ** whole(steps / every), wanted):
            return (
                f"tf_recipes.exponential_decay({first:g}, decay_steps={every:g}, "
                f"decay_rate={rate:g}{staircase})"
            )
    return None


def _polynomial(numbers: Sequence[float], steps: np.ndarray, wanted: np.ndarray) -> str | None:
    for first, last, every in itertools.permutations(numbers, 3):
        if every < 1:
            continue
        for power in (1.0, *numbers):
            share = 1 - np.minimum(steps, every) / every
            if _same((first - last) * share**power + last, wanted):
                return (
                    f"keras.optimizers.schedules.PolynomialDecay({first:g}, decay_steps={every:g}, "
                    f"end_learning_rate={last:g}, power={power:g})"
                )
    return None


def _same(rates: np.ndarray, wanted: np.ndarray) -> bool:
    return bool(np.all(np.abs(rates - wanted) <= CLOSE * np.abs(wanted)))
