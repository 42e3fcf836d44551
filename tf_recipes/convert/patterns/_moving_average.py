"""Says how a TF1 graph moves the averages of a batch normalization."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.graph_view import full
from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.patterns import _scalars
from tf_recipes.graph.nodes import VARIABLES, node_of

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
    found = []
    for node in lifter.view.whole.values():
        if node.op in _WRITES and reader.root(node.input[0]) == full(variable):
            decay = reader.decay(node)
            if decay is not None or not reader.is_start(node):
                found.append(Update(decay, step is None or node.name in step))
    if not found:
        return None
    return sorted(found, key=lambda each: (not each.runs, each.decay is None))[0]


def moved_by(lifter: Lifter, statistic: str) -> str | None:
    """Returns the variable that holds the average of a statistic of the batch, or None."""
    for node in lifter.view.whole.values():
        if node.op not in _WRITES:
            continue
        variable = node_of(_scalars.root(lifter.view.whole, node.input[0]))
        reader = _Reader(lifter, variable, statistic)
        if not reader.is_start(node) and reader.decay(node) is not None:
            return variable
    return None


class _Reader:
    """Reads the formula of an assignment in the whole graph."""

    def __init__(self, lifter: Lifter, variable: str, statistic: str) -> None:
        self._nodes = lifter.view.whole
        self._scalars = _scalars.Scalars(lifter)
        self._variable, self._statistic = full(variable), self.root(statistic)

    def root(self, tensor: str) -> str:
        """Returns the tensor behind Identity, Switch and nodes that change the shape."""
        return _scalars.root(self._nodes, tensor)

    def is_start(self, node: Any) -> bool:
        """Returns whether an assignment gives a variable its first value or that of a file."""
        if node.op not in ("Assign", "AssignVariableOp"):
            return False
        waiting, seen = [node_of(node.input[1])], set()
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self._nodes:
                continue
            seen.add(name)
            other = self._nodes[name]
            apart = full(name) in (self._variable, self._statistic)
            if apart or len(seen) > _scalars.DEPTH:
                return False
            if other.op not in VARIABLES:
                waiting += [node_of(each) for each in other.input if not each.startswith("^")]
        return True

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
