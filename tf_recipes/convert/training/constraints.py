"""Finds the constraints that a TF1 training step sets weights to, such as a bound on their norm."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.program.expressions import Made, made
from tf_recipes.convert.training.graph_probe import Probe, ProbeError
from tf_recipes.convert.training.numbers_of_graph import measured
from tf_recipes.convert.training.weight_changes import writes
from tf_recipes.graph.structure import Structure
from tf_recipes.verify.bench import schedule_code

Array = NDArray[Any]
Function = Callable[[Array], Array]
_ASSIGNS = re.compile(r"Assign(VariableOp)?$")
_EPSILON = 1e-7  # that the constraints of Keras add to a norm
_LARGE, _USUAL, _SMALL, _TINY = 1e4, 1.0, 1e-2, 1e-7  # sizes of weights that are tried


def find(structure: Structure, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Made]:
    """Returns `{variable: constraint}` of the trained variables that a step constrains.

    Args:
        structure: the `Structure` of the graph.
        shapes: `{variable: shape}`.

    Raises:
        ValueError: if a step assigns a trained variable another function of it.
    """
    found = {}
    for name, variable, value in writes(structure, _ASSIGNS):
        if variable not in structure.trainable:
            continue
        constraint = _constraint(structure, variable, value, shapes[variable])
        if constraint is None:
            validation.fail(
                "A training step must change weights by their gradients, and bound norms alone.",
                f"{shortened(name, 80)!r}, which assigns {shortened(variable, 80)!r}",
                "Convert for predictions alone with inference=True.",
            )
        else:
            found[variable] = constraint
    return found


def _constraint(
    structure: Structure, variable: str, tensor: str, shape: tuple[int, ...]
) -> Made | None:
    try:
        with Probe(structure, [tensor]) as probe:
            if probe.variables != [variable] or probe.placeholders or probe.random:
                return None
            numbers = schedule_code.constants(structure, probe.nodes)

            def assigned(weights: Array) -> Array:
                return np.asarray(probe.run(variables={variable: weights})[0], "f8")

            return _of_function(assigned, shape, numbers)
    except ProbeError:
        return None


def _of_function(assigned: Function, shape: Sequence[int], numbers: Any) -> Made | None:
    """Returns the constraint that a function of a variable is, or None."""
    values = np.random.RandomState(0).randn(*shape)
    tried = [np.asarray(size * values) for size in (_LARGE, _USUAL, _SMALL, _TINY, -_USUAL)]
    got = [assigned(each) for each in tried]

    def fits(expected: Function) -> bool:
        pairs = zip(got, map(expected, tried), strict=True)
        return all(np.allclose(a, b, rtol=1e-4, atol=1e-12) for a, b in pairs)

    if fits(lambda w: np.maximum(w, 0)):
        return made("keras.constraints.NonNeg")
    for axes in _axes(len(shape)):
        most, least = _norm(got[0], axes), _norm(got[2], axes)
        top = float(most.flat[0])
        if np.ptp(most) > 1e-5 * top:
            continue
        bound = measured(top, numbers, near=1e-5)
        axis = axes[0] if len(axes) == 1 else axes
        at_most = functools.partial(np.minimum, bound)
        if fits(_scaled(axes, at_most, 0.0)):
            return made("tf_recipes.MaxNorm", bound, axis=axis)
        if fits(_scaled(axes, at_most, _EPSILON)):
            return made("keras.constraints.MaxNorm", bound, axis=axis)
        if fits(_scaled(axes, np.ones_like, _EPSILON)):
            return made("keras.constraints.UnitNorm", axis=axis)
        low = measured(float(least.flat[0]), numbers, near=1e-4)
        between = functools.partial(np.clip, a_min=low, a_max=bound)
        if fits(_scaled(axes, between, _EPSILON)):
            return made("keras.constraints.MinMaxNorm", low, bound, axis=axis)
    return None


def _axes(rank: int) -> Iterator[tuple[int, ...]]:
    """Yields the sets of axes over which a norm may be taken: the usual one, then the largest."""
    if rank > 1:
        yield (0,)
    for count in range(rank, 0, -1):
        yield from itertools.combinations(range(rank), count)


def _norm(weights: Array, axes: tuple[int, ...]) -> Array:
    return np.asarray(np.sqrt((weights**2).sum(axes, keepdims=True)))


def _scaled(axes: tuple[int, ...], wanted: Function, epsilon: float) -> Function:
    """Returns a function that gives weights another norm, as TF1 and Keras compute it."""

    def scaled(weights: Array) -> Array:
        norm = _norm(weights, axes)
        return np.asarray(weights * wanted(norm) / (epsilon + norm))

    return scaled
