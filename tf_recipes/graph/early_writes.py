"""Finds writes to weights that a TF1 step leaves unordered with its gradients, and orders them.

Contrib's `AdamWOptimizer` makes each weight smaller before the step of Adam, and says nowhere that
the gradients come first. With resource variables TF 1.15 takes the gradients of the weights as they
were. With `ref` variables it races: two runs of one program differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.training_step import WRITES


def find(structure: Structure) -> dict[str, str]:
    """Returns `{node: trained variable that it changes}` of the writes that race with gradients.

    Args:
        structure: the `Structure` of the graph.
    """
    writes = dict(_of_trained(structure))
    if not writes:
        return {}
    gradients = _gradients(structure)
    needed = structure.ancestors(gradients)  # such a write comes before the gradients
    found = {}
    for name, variable in writes.items():
        updates = (each.name for each in structure.updates if each.variable == variable)
        before = structure.ancestors([name])
        if name not in needed and not before & gradients and name in structure.ancestors(updates):
            found[name] = variable
    return found


def order(structure: Structure, part: Any) -> None:
    """Lets the racing writes of a graph wait for the loss and for all gradients.

    Args:
        structure: the `Structure` of the graph.
        part: a `GraphDef` with nodes of this graph, which is changed.
    """
    found = find(structure)
    if not found:
        return
    there = {node.name: node for node in part.node}
    first = sorted({*_gradients(structure), node_of(structure.loss)} & there.keys())
    for name in found.keys() & there.keys():
        waits = [each for each in first if name not in structure.ancestors([each])]
        there[name].input.extend(f"^{each}" for each in waits)


def _of_trained(structure: Structure) -> Iterator[tuple[str, str]]:
    """Yields the writes of the step to variables that an update operation trains, too."""
    trained = {update.variable for update in structure.updates}
    for name in structure.step:
        if WRITES.match(structure.nodes[name].op):
            variable = structure.variable_of(next(structure.inputs(name)))
            if variable in trained and variable is not None:
                yield name, variable


def _gradients(structure: Structure) -> set[str]:
    """Returns the nodes of the gradients that every step computes."""
    found = (
        node_of(update.tensors[role])
        for update in structure.updates
        for role in ("gradient", "rows")
        if role in update.tensors
    )
    return {name for name in found if name not in structure.in_branches}
