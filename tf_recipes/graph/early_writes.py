"""Finds writes to weights that a TF1 step leaves unordered with its gradients, and orders them.

Contrib's `AdamWOptimizer` makes each weight smaller before the step of Adam, and says nowhere that
the gradients come first. Neither does a group of several optimizers with a `minimize` each, nor
`tf.gradients` by itself, which does not wait as `compute_gradients` does. With resource variables
TF 1.15 takes the gradients of the weights as they were. With `ref` variables it races: two of its
runs may differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.training_step import WRITES

_PASSES = ("Identity", "ReadVariableOp", "Enter", "RefEnter", "Switch", "RefSwitch")
_WAITS = "tf_recipes/gradients"  # of the node that waits for all gradients


def find(structure: Structure, with_loss: bool = False) -> dict[str, str]:
    """Returns `{node: trained variable that it changes}` of the writes that race with gradients.

    Args:
        structure: the `Structure` of the graph.
        with_loss: True for those that race with the loss alone, too, whose value they may change.
    """
    gradients = _gradients(structure)
    computed = structure.ancestors([*gradients, *_loss(structure, with_loss)])
    first = structure.ancestors(gradients)
    updates = {each.variable: each.name for each in structure.updates}
    writes = {n: v for n, v in _writes(structure, updates) if n not in first}
    readers = {each: set(_readers(structure, each)) & computed for each in {*writes.values()}}
    watched = dict.fromkeys([*writes, *(n for each in readers.values() for n in each)])
    places = {name: k for k, name in enumerate(watched)}
    above = _above(structure, places)
    found = {}
    for name, variable in writes.items():
        read = sum(1 << places[each] for each in readers[variable])
        comes_before = above.get(updates[variable], 0) >> places[name] & 1
        if comes_before and read & ~above.get(name, 0):
            found[name] = variable
    return found


def order(structure: Structure, part: Any) -> None:
    """Lets the racing writes of a graph wait for the loss and for all gradients.

    Args:
        structure: the `Structure` of the graph.
        part: a `GraphDef` with nodes of this graph, which is changed.
    """
    there = {node.name: node for node in part.node}
    racing = sorted(find(structure, with_loss=True).keys() & there.keys())
    if not racing:
        return
    loss = _loss(structure, True)
    first = {*_gradients(structure)}
    if not structure.ancestors(loss) & {*racing}:
        first |= {*loss}
    waits = part.node.add(name=_WAITS, op="NoOp")
    waits.input.extend(f"^{each}" for each in sorted(first & there.keys()))
    for name in racing:
        there[name].input.append(f"^{_WAITS}")


def _writes(structure: Structure, updates: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yields the updates of the step, and other writes to their variables, outside of loops."""
    others = structure.step - structure.in_loops - {*updates.values()}
    for name in others:
        if WRITES.match(structure.nodes[name].op):
            changed = structure.variable_of(next(structure.inputs(name), "")) or ""
            if changed in updates:
                yield name, changed
    for variable, name in updates.items():
        if name not in structure.in_loops:
            yield name, variable


def _readers(structure: Structure, variable: str) -> Iterator[str]:
    """Yields the nodes that compute something of the value of a variable."""
    waiting, seen = [variable], set()
    while waiting:
        for name in structure.consumers[waiting.pop()]:
            if name in seen:
                continue
            seen.add(name)
            if structure.nodes[name].op in _PASSES:
                waiting.append(name)
            else:
                yield name


def _above(structure: Structure, places: dict[str, int]) -> dict[str, int]:
    """Returns which of some nodes each node of the step needs: `{node: bits of their places}`."""
    found: dict[str, int] = {}
    step = [name for name in structure.order if name in structure.step]
    changed = True
    while changed:  # again, for what comes around a loop
        changed = False
        for name in step:
            bits = 1 << places[name] if name in places else 0
            for each in structure.inputs(name, control=True):
                bits |= found.get(each, 0)
            changed = changed or bits != found.get(name)
            found[name] = bits
    return found


def _loss(structure: Structure, wanted: bool) -> list[str]:
    return [node_of(structure.loss)] if wanted else []


def _gradients(structure: Structure) -> set[str]:
    """Returns the nodes of the gradients that every step computes."""
    found: Iterable[str] = (
        node_of(update.tensors[role])
        for update in structure.updates
        for role in ("gradient", "rows")
        if role in update.tensors
    )
    return {*found} - structure.in_branches - structure.in_loops
