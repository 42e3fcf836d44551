"""Says how a TF1 graph moves the averages of a batch normalization."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tf_recipes.convert.lifting.graph_view import full
from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.values import Flag
from tf_recipes.graph.nodes import VARIABLES, node_of

DEPTH = 40  # nodes between an assignment and what it takes
_WRITES = ("Assign", "AssignSub", "AssignVariableOp", "AssignSubVariableOp", "AssignAdd")
_PASSES = (
    *("Identity", "RefIdentity", "StopGradient", "ReadVariableOp", "Cast", "Switch", "RefSwitch"),
    *("Reshape", "Squeeze", "ExpandDims"),
)


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
        variable = node_of(_root(lifter.view.whole, node.input[0]))
        reader = _Reader(lifter, variable, statistic)
        if not reader.is_start(node) and reader.decay(node) is not None:
            return variable
    return None


def _root(nodes: Mapping[str, Any], tensor: str) -> str:
    """Returns the tensor behind Identity, Switch and nodes that change the shape."""
    name = full(tensor)
    for _ in range(DEPTH):
        node = nodes.get(node_of(name))
        if node is None or node.op not in _PASSES:
            break
        name = full(node.input[0])
    return name


class _Reader:
    """Reads the formula of an assignment in the whole graph."""

    def __init__(self, lifter: Lifter, variable: str, statistic: str) -> None:
        self._lifter, self._nodes = lifter, lifter.view.whole
        self._variable, self._statistic = full(variable), self.root(statistic)

    def root(self, tensor: str) -> str:
        """Returns the tensor behind Identity, Switch and nodes that change the shape."""
        return _root(self._nodes, tensor)

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
            if full(name) in (self._variable, self._statistic) or len(seen) > DEPTH:
                return False
            if other.op not in VARIABLES:
                waiting += [node_of(each) for each in other.input if not each.startswith("^")]
        return True

    def decay(self, node: Any) -> float | None:
        """Returns the share of the average that an assignment keeps, or None for another rule."""
        moved = [self._moved(node, *pair) for pair in ((0.0, 0.0), (1.0, 1.0), (1.0, 0.0))]
        if any(each is None for each in moved):
            return None
        nothing, same, kept = moved
        if not np.isclose(nothing, 0) or not np.isclose(same, 1):  # type: ignore[arg-type]
            return None
        return float(f"{kept:.6g}")

    def _moved(self, node: Any, average: float, statistic: float) -> float | None:
        change = self._value(node.input[1], average, statistic, DEPTH)
        if change is None:
            return None
        if "Sub" in node.op:
            return average - change
        return average + change if node.op == "AssignAdd" else change

    def _value(self, tensor: str, average: float, statistic: float, depth: int) -> float | None:
        """Returns one entry of a tensor for those of the average and of the statistic."""
        name = self.root(tensor)
        if name == self._variable:
            return average
        if name == self._statistic:
            return statistic
        node = self._nodes.get(node_of(name))
        if node is None or depth == 0:
            return None
        if node.op == "Const":
            value = tf.make_ndarray(node.attr["value"].tensor)
            return float(value.reshape(-1)[0]) if value.size == 1 else None
        if node.op in ("Merge", "RefMerge"):
            taken = self._branch(node)
            return taken and self._value(taken, average, statistic, depth - 1)
        if node.op in ("Select", "SelectV2"):
            flag = self._flag(node.input[0])
            if flag is None:
                return None
            return self._value(node.input[2 if flag.negated else 1], average, statistic, depth - 1)
        if node.op not in _ARITHMETIC:
            return None
        values = [
            self._value(each, average, statistic, depth - 1)
            for each in node.input
            if not each.startswith("^")
        ]
        if any(each is None for each in values):
            return None
        return float(_ARITHMETIC[node.op](*values))

    def _branch(self, merge: Any) -> str | None:
        """Returns the tensor that a Merge takes in training."""
        waiting, seen = list(merge.input), set()
        while waiting:
            name = node_of(waiting.pop())
            node = self._nodes.get(name)
            if node is None or name in seen:
                continue
            seen.add(name)
            if node.op in ("Switch", "RefSwitch"):
                flag = self._flag(node.input[1])
                return None if flag is None else str(merge.input[0 if flag.negated else 1])
            waiting += node.input
        return None

    def _flag(self, tensor: str) -> Flag | None:
        """Returns the flag of training that a tensor is."""
        name, turned = self.root(tensor), False
        while self._nodes[node_of(name)].op == "LogicalNot":
            name, turned = self.root(self._nodes[node_of(name)].input[0]), not turned
        value = self._lifter.placeholders.get(node_of(name))
        if not isinstance(value, Flag):
            return None
        return Flag(value.name, value.negated != turned)


_ARITHMETIC = {
    "Add": np.add,
    "AddV2": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "RealDiv": np.divide,
    "Neg": np.negative,
}
