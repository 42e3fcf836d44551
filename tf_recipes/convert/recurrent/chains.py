"""Joins the cells of an unrolled recurrent net, with the same variables, to chains in time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.recurrent.affine import core
from tf_recipes.convert.recurrent.cell import Cell
from tf_recipes.convert.recurrent.loops import copied
from tf_recipes.graph.nodes import node_of


@dataclasses.dataclass(frozen=True)
class Chain:
    """Describes a cell that is repeated in time.

    `cells` are its steps, `states` the tensor of the state before each of them, `lengths` the
    tensor of the lengths of the series, or None.
    """

    cells: tuple[Cell, ...]
    states: tuple[str, ...]
    lengths: str | None


def find(view: GraphView, cells: Iterable[Cell]) -> list[Chain]:
    """Returns the chains of two steps and more."""
    by_root = {cell.root: cell for cell in cells}
    before: dict[str, tuple[str, str]] = {}  # root -> (root of the step before, its state)
    after: dict[str, list[str]] = {}
    for cell in by_root.values():
        link = _before(view, cell, by_root)
        if link is not None:
            before[cell.root] = link
            after.setdefault(link[0], []).append(cell.root)
    chains = []
    for root in by_root:
        if root in before or len(after.get(root, [])) != 1:
            continue
        roots = [root]
        while len(after.get(roots[-1], [])) == 1:
            roots.append(after[roots[-1]][0])
        steps = [by_root[each] for each in roots]
        chain = _chain(view, steps, [before[each][1] for each in roots[1:]])
        if chain is not None:
            chains.append(chain)
    return chains


def new_of(view: GraphView, tensor: str) -> tuple[str, str | None]:
    """Returns the new state that a state is, and the lengths of series that have ended, if any."""
    name = core(view, tensor)
    found = copied(view, name)
    return (found.new, found.lengths) if found is not None else (name, None)


def _before(view: GraphView, cell: Cell, cells: dict[str, Cell]) -> tuple[str, str] | None:
    """Returns the root of the step before a step, and the tensor of the state between them."""
    candidates = [cell.state] if cell.state is not None else cell.inputs(None)
    for state in candidates:
        root, _ = new_of(view, state)
        other = cells.get(root)
        if other is None or other.kind != cell.kind or root == cell.root:
            continue
        if cell.memory is not None and new_of(view, cell.memory)[0] != other.new_memory:
            continue
        if _blocks(cell, state) == _blocks(other, _state_like(other, cell, state)):
            return root, state
    return None


def _state_like(first: Cell, second: Cell, state: str) -> str | None:
    """Returns the input of a step that has the blocks of the state of another step."""
    if first.state is not None:
        return first.state
    wanted = _of(second, state)
    return next((each for each in first.inputs(None) if _of(first, each) == wanted), None)


def _of(cell: Cell, source: str) -> list[list[Any]]:
    """Returns the blocks of variables that a step multiplies a tensor with, for each gate."""
    return [[block for name, block in gate.sum.products if name == source] for gate in cell.gates]


def _blocks(cell: Cell, state: str | None) -> Any:
    """Returns what is equal for two steps of one chain."""
    return [
        cell.kind,
        [
            (gate.activation, gate.negated, gate.sum.biases, gate.sum.constant)
            for gate in cell.gates
        ],
        _of(cell, state) if state is not None else None,
        [_of(cell, each) for each in cell.inputs(state)],
        [_of(cell, cell.scaled)] if cell.scaled is not None else [],
    ]


def _chain(view: GraphView, steps: Sequence[Cell], states: Sequence[str]) -> Chain | None:
    first = _state_like(steps[0], steps[1], states[0])
    lengths = {new_of(view, state)[1] for state in states}
    if first is None or len(lengths) != 1:
        return None
    ends = [copied(view, core(view, state)) for state in states]
    if any(each is not None and each.time not in (None, k) for k, each in enumerate(ends)):
        return None
    return Chain(tuple(steps), (first, *states), next(iter(lengths)))


def reaches_output(view: GraphView, start: Iterable[str], stops: Iterable[str]) -> bool:
    """Returns whether a path leads from some tensors to an output, around some nodes.

    Args:
        view: the graph.
        start: names of tensors.
        stops: names of nodes.
    """
    barred, waiting, seen = set(stops), list(start), set()
    while waiting:
        tensor = waiting.pop()
        if tensor in view.outputs:
            return True
        for user in view.consumers.get(tensor, []):
            if user not in seen and user not in barred:
                seen.add(user)
                waiting += view.outputs_of(user)
    return False


def nodes_of(tensors: Iterable[str | None]) -> set[str]:
    """Returns the names of the nodes of some tensors."""
    return {node_of(each) for each in tensors if each is not None}
