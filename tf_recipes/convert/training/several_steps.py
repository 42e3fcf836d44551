"""Settles what several optimizers of one TF1 training step share, and what each one trains."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.program.expressions import Layer, WeightName
from tf_recipes.convert.training import clips
from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.update_ops import Update

Groups = Sequence[Sequence[Update]]
_ADDS = re.compile(r"AssignAdd(VariableOp)?$")
_REMEDY = "Convert for predictions alone with inference=True."


def check(structure: Structure, groups: Groups, counters: Collection[str | None]) -> None:
    """Checks that several optimizers take their steps at once.

    Args:
        structure: the `Structure` of the graph.
        groups: the updates of each optimizer.
        counters: the variables that rates depend on.

    Raises:
        ValueError: if one takes its step before the gradients of another, if each of them counts
            the step, or if an optimizer changes looked-up rows without an update operation.
    """
    updates = {update.name for group in groups for update in group}
    gradients = [node_of(update.tensors["gradient"]) for group in groups for update in group]
    before = updates & structure.ancestors(gradients)
    if before:
        validation.fail(
            "Several optimizers of one step must take their gradients before all updates.",
            f"{shortened(min(before), 80)!r}, which comes before the gradients of another",
            _REMEDY,
        )
    counted = [
        structure.variable_of(next(structure.inputs(name)))
        for name in structure.step
        if _ADDS.match(structure.nodes[name].op)
    ]
    twice = {name for name in counted if name in counters and counted.count(name) > 1}
    if twice:
        validation.fail(
            "A training step must count as one step.",
            f"{shortened(min(map(str, twice)), 80)!r}, to which each of several optimizers adds 1",
            _REMEDY,
        )
    updated = {update.variable for group in groups for update in group}
    rows = [name for name in structure.trainable if name not in updated]
    if rows:
        validation.fail(
            "Several optimizers of one step must change weights by their update operations.",
            f"{shortened(rows[0], 80)!r}, which another operation changes",
            _REMEDY,
        )


def clips_of(
    structure: Structure,
    groups: Groups,
    shapes: Mapping[str, tuple[int, ...]],
    feed: Mapping[str, Any],
) -> tuple[list[dict[str, float]], tuple[tuple[str, float], ...]]:
    """Returns the clipping of each optimizer, and that by the norm of all their gradients.

    Args:
        structure: the `Structure` of the graph.
        groups: the updates of each optimizer.
        shapes: `{variable: shape}`.
        feed: `{placeholder: value}` in training.

    Raises:
        ValueError: if a step changes the gradients in another way.
    """
    every = [update for group in groups for update in group]
    try:
        found = clips.find(structure, every, shapes, feed)
    except ValueError:
        if len(groups) == 1 or _share_gradients(structure, groups):
            raise
        return [clips.find(structure, group, shapes, feed) for group in groups], ()
    if len(groups) > 1 and "global_clipnorm" in found:
        return [{} for _ in groups], tuple(found.items())
    return [found for _ in groups], ()


def _share_gradients(structure: Structure, groups: Groups) -> bool:
    """Returns whether what one optimizer applies depends on the gradients of another."""
    taken = [clips.gradients(structure, group) for group in groups]
    return sum(map(len, taken)) > len(set().union(*taken))


def names(
    structure: Structure, groups: Groups, layers: Sequence[Layer]
) -> list[list[WeightName] | None]:
    """Returns the names of the weights of each optimizer; None where it has all others.

    Args:
        structure: the `Structure` of the graph.
        groups: the updates of each optimizer.
        layers: the layers of the program.

    Raises:
        ValueError: if one weight of Keras consists of variables of several optimizers.
    """
    if len(groups) == 1:
        return [None]
    place = {update.variable: k for k, group in enumerate(groups) for update in group}
    found: list[list[WeightName] | None] = [[] for _ in groups]
    sizes = [0] * len(groups)
    for layer in layers:
        weights = {}
        for path, origin in layer.weights:
            places = {place[name] for name in origin.variables if name in place}
            if len(places) > 1:
                _refuse(structure, layer, path)
            if places:
                weights[path] = places.pop()
        for k in set(weights.values()):
            sizes[k] += 1
            mine = [path for path, at in weights.items() if at == k]
            whole = len(mine) == len(weights)
            if not whole and any("." in path for path in mine):
                _refuse(structure, layer, mine[0])
            given = [WeightName(layer)] if whole else [WeightName(layer, path) for path in mine]
            found[k] = [*(found[k] or []), *given]
    last = max(range(len(groups)), key=lambda k: (sizes[k], k))
    if sizes[last]:
        found[last] = None
    return found


def _refuse(structure: Structure, layer: Layer, path: str) -> None:
    validation.fail(
        "Each weight of Keras must have one optimizer.",
        f"{path!r} of {layer.path}, which consists of variables of several optimizers in "
        f"{structure.graph.source!r}",
        _REMEDY,
    )
