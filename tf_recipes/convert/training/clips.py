"""Finds how a TF1 training step clips its gradients, by what it makes of given gradients."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.training.graph_probe import Probe, ProbeError
from tf_recipes.convert.training.numbers_of_graph import measured
from tf_recipes.graph.nodes import full, node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.update_ops import Update
from tf_recipes.verify.bench import schedule_code

Array = NDArray[Any]
# `tf.gradients` puts what it makes into a scope of this name
_GRADIENT = re.compile(r"(?:^|/)gradients(?:_\d+)?/")
_ROWS = 3  # rows of a sparse gradient in a measurement
SIZES = (1e-6, 1.0, 1e6)  # sizes of the gradients in a measurement


def find(
    structure: Structure,
    updates: Sequence[Update],
    shapes: Mapping[str, tuple[int, ...]],
    feed: Mapping[str, Any],
) -> dict[str, float]:
    """Finds the clipping, as a keyword argument of a Keras optimizer.

    Args:
        structure: the `Structure` of the graph.
        updates: the operations that apply gradients.
        shapes: `{variable: shape}`.
        feed: `{placeholder: value}` in training.

    Returns:
        `{"clipvalue": threshold}`, `{"clipnorm": …}`, `{"global_clipnorm": …}` or `{}`.

    Raises:
        ValueError: if the step changes the gradients in another way.
    """
    paths = {update.tensors["gradient"]: update for update in updates}
    rows: dict[str, str] = {}
    for update in updates:
        if update.sparse:
            rows.update(
                (each, _type(structure, each))
                for each in _raw(structure, update.tensors["rows"], ())
            )
    raw = {tensor: _raw(structure, tensor, rows) for tensor in paths}
    if all(list(found) == [tensor] for tensor, found in raw.items()):
        return {}
    mine = {tensor: _own(structure, tensor, rows) for tensor in paths}
    given: dict[str, str] = {}
    arrays: dict[str, tuple[int, ...]] = {}
    for tensor, update in paths.items():
        for each in raw[tensor]:  # those of variables without an update operation are zero
            given.setdefault(each, _dtype(structure, update))
        given[mine[tensor]] = _dtype(structure, update)
        shape = shapes[update.variable]
        arrays[mine[tensor]] = (_ROWS, *shape[1:]) if update.sparse else shape
    names = list(paths)
    try:
        with Probe(structure, names, {**given, **rows}) as probe:
            if probe.variables:
                weights = f"gradients to which {shortened(probe.variables[0], 80)!r} is added"
                return _refuse(structure, names[0], weights)
            zeros = {each: np.zeros((1, 1)) for each in given if each not in arrays}
            fixed = {**feed, **zeros, **{name: np.arange(_ROWS) for name in rows}}
            trials = list(_trials(probe, names, mine, arrays, fixed))
            constants = schedule_code.constants(structure, probe.nodes)
    except ProbeError as error:
        return _refuse(structure, names[0], str(error))
    for kind in (_unchanged, _by_value, _by_norm, _by_global_norm):
        found = kind(trials, constants)
        if found is not None:
            return found
    factor = _factor(trials)
    named = "another function of the gradients"
    return _refuse(structure, names[0], f"gradients times {factor:g}" if factor else named)


def gradients(structure: Structure, updates: Sequence[Update]) -> set[str]:
    """Returns the gradients of the loss that some updates take, before any clipping.

    Args:
        structure: the `Structure` of the graph.
        updates: the operations that apply gradients.
    """
    rows: set[str] = set()
    for update in updates:
        if update.sparse:
            rows |= set(_raw(structure, update.tensors["rows"], ()))
    return {each for u in updates for each in _raw(structure, u.tensors["gradient"], rows)}


def _raw(structure: Structure, tensor: str, rows: Collection[str]) -> dict[str, None]:
    """Returns the tensors of `tf.gradients` behind a tensor, without those of rows."""
    found: dict[str, None] = {}
    waiting, seen = [tensor], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if _GRADIENT.search(name):
            if name not in rows:
                found[name] = None
            continue
        for each in structure.nodes[node_of(name)].input:
            if not each.startswith("^"):
                waiting.append(full(each))
    return found


def _own(structure: Structure, tensor: str, rows: Collection[str]) -> str:
    """Returns the gradient that a clipped one is made of: the first one on the way up."""
    level = [tensor]
    seen = set()
    while level:
        following = []
        for name in level:
            if _GRADIENT.search(name) and name not in rows:
                return name
            if name in seen:
                continue
            seen.add(name)
            following += [
                full(each)
                for each in structure.nodes[node_of(name)].input
                if not each.startswith("^")
            ]
        level = following
    return _refuse(structure, tensor, "no gradient of the loss")


def _type(structure: Structure, tensor: str) -> str:
    """Returns the name of the dtype of the rows of a sparse gradient."""
    return str(tf.as_dtype(structure.nodes[node_of(tensor)].attr["T"].type or 3).name)


def _dtype(structure: Structure, update: Update) -> str:
    return str(tf.as_dtype(structure.nodes[update.variable].attr["dtype"].type).base_dtype.name)


Trial = Sequence[tuple[Array, Array]]  # of each gradient, before and after


def _trials(
    probe: Probe,
    names: Sequence[str],
    mine: Mapping[str, str],
    arrays: Mapping[str, tuple[int, ...]],
    fixed: Mapping[str, Any],
) -> Iterator[Trial]:
    rng = np.random.RandomState(0)
    for size in SIZES:
        before = {name: size * rng.randn(*shape) for name, shape in arrays.items()}
        after = probe.run({**fixed, **before})
        yield [
            (np.asarray(before[mine[name]], "f8"), np.asarray(value, "f8"))
            for name, value in zip(names, after, strict=True)
        ]


def _near(one: Array, other: Array) -> bool:
    size = np.abs(other).max(initial=0)
    return one.shape == other.shape and bool(np.abs(one - other).max(initial=0) <= 1e-5 * size)


def _factor(trials: Sequence[Trial]) -> float | None:
    """Returns the number that the step multiplies all gradients with, or None."""
    before, after = trials[0][0]
    at = np.abs(before).argmax() if before.size else 0
    factor = float(after.flat[at] / before.flat[at]) if before.size else 0.0
    same = all(_near(b, factor * a) for trial in trials for a, b in trial)
    return float(f"{factor:.6g}") if same else None


def _unchanged(trials: Sequence[Trial], _: Sequence[float]) -> dict[str, float] | None:
    same = all(_near(after, before) for trial in trials for before, after in trial)
    return {} if same else None


def _by_value(trials: Sequence[Trial], constants: Sequence[float]) -> dict[str, float] | None:
    most = max(float(np.abs(after).max(initial=0)) for _, after in trials[-1])
    same = all(
        _near(after, np.clip(before, -most, most)) for trial in trials for before, after in trial
    )
    return {"clipvalue": measured(most, constants)} if same else None


def _by_norm(trials: Sequence[Trial], constants: Sequence[float]) -> dict[str, float] | None:
    most = max(float(np.linalg.norm(after)) for _, after in trials[-1])

    def clipped(gradient: Array) -> Array:
        return gradient * (most / max(float(np.linalg.norm(gradient)), most))

    same = all(_near(after, clipped(before)) for trial in trials for before, after in trial)
    return {"clipnorm": measured(most, constants, near=1e-5)} if same else None


def _by_global_norm(trials: Sequence[Trial], constants: Sequence[float]) -> dict[str, float] | None:
    def norm(arrays: Sequence[Array]) -> float:
        return float(np.sqrt(sum(np.sum(each**2) for each in arrays)))

    most = norm([after for _, after in trials[-1]])
    for trial in trials:
        scale = most / max(norm([before for before, _ in trial]), most)
        if not all(_near(after, before * scale) for before, after in trial):
            return None
    return {"global_clipnorm": measured(most, constants, near=1e-5)}


def _refuse(structure: Structure, tensor: str, received: str) -> Any:
    return validation.fail(
        "The gradients must be applied as they are, or clipped by value, norm or global norm.",
        f"{received} at {shortened(tensor, 80)!r} in {structure.graph.source!r}",
        "Convert for predictions alone with inference=True.",
    )
