"""Says how a TF1 graph moves the averages of a batch normalization."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.patterns import _scalars
from tf_recipes.graph.nodes import full, node_of

_WRITES = ("Assign", "AssignSub", "AssignVariableOp", "AssignSubVariableOp", "AssignAdd")


@dataclasses.dataclass(frozen=True)
class Update:
    """Holds how an average is moved: the share of it that stays, and whether training does that.

    `decay` is None where the rule is another one.
    """

    decay: float | None
    runs: bool


def update_of(lifter: Lifter, variable: str, statistic: str) -> Update | None:
    """Returns how the graph moves an average towards a statistic of the batch.

    Args:
        lifter: the lifter.
        variable: the variable that holds the average.
        statistic: the tensor of the statistic.

    Returns:
        None where the graph has no operation for it.
    """
    reader = _Reader(lifter, variable, statistic)
    structure = lifter.view.structure
    step = None if structure is None else structure.step
    found = [
        Update(reader.decay(node), step is None or node.name in step)
        for node in _index(lifter).by_variable.get(full(variable), ())
    ]
    if not found:
        return None
    return sorted(found, key=lambda each: (not each.runs, each.decay is None))[0]


def moved_by(lifter: Lifter, statistic: str) -> str | None:
    """Returns the variable that holds the average of a statistic of the batch, or None."""
    wanted = _scalars.root(lifter.view.whole, statistic)
    for variable, node in _index(lifter).by_leaf.get(wanted, ()):
        if _Reader(lifter, node_of(variable), statistic).decay(node) is not None:
            return node_of(variable)
    return None


@dataclasses.dataclass(frozen=True)
class _Index:
    """Holds the nodes that write a value which is computed of others.

    `by_variable` is `{variable: nodes}`, `by_leaf` is `{tensor in the value: pairs of a variable
    and a node}`.
    """

    by_variable: dict[str, list[Any]]
    by_leaf: dict[str, list[tuple[str, Any]]]


_known: weakref.WeakKeyDictionary[Any, _Index] = weakref.WeakKeyDictionary()


def _index(lifter: Lifter) -> _Index:
    view = lifter.view
    if view not in _known:
        found = _Index({}, {})
        for node in view.whole.values():
            if node.op in _WRITES and not _is_start(view.whole, node):
                variable = _scalars.root(view.whole, node.input[0])
                found.by_variable.setdefault(variable, []).append(node)
                for leaf in _leaves(lifter, node.input[1]):
                    found.by_leaf.setdefault(leaf, []).append((variable, node))
        _known[view] = found
    return _known[view]


def _is_start(nodes: Mapping[str, Any], node: Any) -> bool:
    """Returns whether an assignment gives a variable its first value or that of a file."""
    if node.op not in ("Assign", "AssignVariableOp"):
        return False
    value = nodes.get(node_of(_scalars.root(nodes, node.input[1])))
    return value is None or value.op not in _scalars.COMPUTED


def _leaves(lifter: Lifter, tensor: str) -> set[str]:
    """Returns the tensors that arithmetic computes another tensor of."""
    nodes = lifter.view.whole
    found: set[str] = set()
    waiting = [tensor]
    while waiting and len(found) < _scalars.DEPTH:
        name = _scalars.root(nodes, waiting.pop())
        if name in found:
            continue
        found.add(name)
        node = nodes.get(node_of(name))
        if node is not None and node.op in _scalars.COMPUTED:
            waiting += [each for each in node.input if not each.startswith("^")]
    return found


class _Reader:
    """Reads the formula of an assignment in the whole graph."""

    def __init__(self, lifter: Lifter, variable: str, statistic: str) -> None:
        self._nodes = lifter.view.whole
        self._scalars = _scalars.Scalars(lifter)
        self._variable, self._statistic = full(variable), self.root(statistic)

    def root(self, tensor: str) -> str:
        """Returns the tensor behind Identity, Switch and nodes that change the shape."""
        return _scalars.root(self._nodes, tensor)

    def decay(self, node: Any) -> float | None:
        """Returns the share of the average that an assignment keeps, or None for another rule."""
        nothing, same, kept = (
            self._moved(node, *pair) for pair in ((0.0, 0.0), (1.0, 1.0), (1.0, 0.0))
        )
        if nothing is None or same is None or kept is None:
            return None
        if not np.isclose(nothing, 0) or not np.isclose(same, 1):
            return None
        return float(f"{kept:.6g}")

    def _moved(self, node: Any, average: float, statistic: float) -> float | None:
        given = {self._variable: average, self._statistic: statistic}
        change = self._scalars.value(node.input[1], given)
        if change is None:
            return None
        if "Sub" in node.op:
            return average - change
        return average + change if node.op == "AssignAdd" else change
