"""Finds what a TF1 training step does to weights besides the optimizer's updates."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.training.graph_probe import Probe, ProbeError
from tf_recipes.convert.training.numbers_of_graph import measured, plain
from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure

Array = NDArray[Any]
_SCATTERS = re.compile(r"(Resource)?Scatter(Nd)?(Add|Sub|Update|Mul|Div|Min|Max)$")
_SUBTRACTS = re.compile(r"Assign(Sub|SubVariableOp)$")


@dataclasses.dataclass(frozen=True)
class Averages:
    """Holds the moving averages of weights: their decay, and `{weight: its average}`.

    `counts` says that the decay is smaller in the first steps, by TF1's `num_updates`.
    """

    decay: float
    counts: bool
    shadows: Mapping[str, str]


def writes(structure: Structure, pattern: re.Pattern[str]) -> Iterator[tuple[str, str, str]]:
    """Yields the node, the variable and the value of each assignment of a kind in the step."""
    for name in sorted(structure.step):
        node = structure.nodes[name]
        if pattern.match(node.op):
            variable = structure.variable_of(node_of(node.input[0]))
            if variable is not None:
                yield name, variable, node.input[1]


def check_rows(structure: Structure) -> None:
    """Checks that a step changes rows of trained variables by operations of an optimizer alone.

    Raises:
        ValueError: for one whose rows are changed by another operation, as by LazyAdam.
    """
    updates = {update.name for update in structure.updates}
    for name, variable, _ in writes(structure, _SCATTERS):
        if variable in structure.trainable and name not in updates:
            validation.fail(
                "A training step must change weights by their gradients, and bound norms alone.",
                f"{structure.nodes[name].op} at {shortened(name, 80)!r}, which changes rows of "
                f"{shortened(variable, 80)!r}, as LazyAdam does",
                "Convert for predictions alone with inference=True.",
            )


def decays(structure: Structure, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, float]:
    """Returns `{variable: share}` of the trained variables from which a step subtracts a share.

    Args:
        structure: the `Structure` of the graph.
        shapes: `{variable: shape}`.
    """
    found = {}
    for _, variable, tensor in writes(structure, _SUBTRACTS):
        if variable not in structure.trainable:
            continue
        try:
            with Probe(structure, [tensor]) as probe:
                if probe.variables != [variable] or probe.placeholders:
                    continue
                ones = np.ones(shapes[variable])
                one, two = (
                    np.asarray(probe.run(variables={variable: k * ones})[0]) for k in (1, 2)
                )
        except ProbeError:
            continue
        share = plain(one.flat[0])
        if (one == one.flat[0]).all() and np.allclose(two, 2 * one, rtol=1e-6):
            found[variable] = share
    return found


def averages(structure: Structure, values: Mapping[str, Array]) -> Averages | None:
    """Returns the moving averages of trained variables that a step moves, or None.

    Args:
        structure: the `Structure` of the graph.
        values: `{variable: value}` in the checkpoint.

    Raises:
        ValueError: if the averages have different decays, or move in an unknown way.
    """
    shadows: dict[str, str] = {}
    kinds: set[tuple[float, bool]] = set()
    for name, shadow, tensor in writes(structure, _SUBTRACTS):
        if shadow in structure.trainable:
            continue
        try:
            with Probe(structure, [tensor]) as probe:
                owners = [each for each in probe.variables if each in structure.trainable]
                of_batch = bool(probe.placeholders)  # a moving average of batch normalization
                if of_batch or len(owners) != 1 or shadow not in probe.variables:
                    continue
                counters = [e for e in probe.variables if e not in (shadow, owners[0])]
                kinds.add(_decay(probe, shadow, owners[0], counters, values, name))
        except ProbeError:
            continue
        shadows[owners[0]] = shadow
    if not shadows:
        return None
    if len(kinds) > 1:
        _refuse_averages(next(iter(shadows.values())), f"{len(kinds)} decays")
    decay, counts = kinds.pop()
    return Averages(decay, counts, shadows)


def _decay(
    probe: Probe,
    shadow: str,
    owner: str,
    counters: list[str],
    values: Mapping[str, Array],
    name: str,
) -> tuple[float, bool]:
    """Returns the decay of an average, and whether it depends on the number of steps."""

    def at(step: int) -> float:
        state = {each: np.asarray(step, values[each].dtype) for each in counters}
        state[shadow] = np.ones_like(values[shadow])
        state[owner] = np.zeros_like(values[owner])
        moved = probe.run(variables=state)[0]
        return 1 - float(np.asarray(moved, "f8").flat[0])

    if any(values[each].ndim for each in counters) or len(counters) > 1:
        _refuse_averages(name, f"variables {', '.join(counters[:3])}")
    decay = measured(at(2**30), near=1e-6)
    decay = float(f"{decay:.6g}")
    if not counters:
        return decay, False
    wanted = [min(decay, (1 + n) / (10 + n)) for n in (0, 1, 5, 50)]
    if not np.allclose([at(n) for n in (0, 1, 5, 50)], wanted, rtol=1e-5):
        _refuse_averages(name, "another decay in the first steps")
    return decay, True


def _refuse_averages(name: str, received: str) -> None:
    validation.fail(
        "Moving averages of weights must be those of tf.train.ExponentialMovingAverage.",
        f"{received} at {shortened(name, 80)!r}",
        "Convert for predictions alone with inference=True.",
    )
