"""Computes numbers that a graph makes of constants and of placeholders with a known value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.values import Constant, Flag, Setting
from tf_recipes.graph.nodes import full, node_of

DEPTH = 40  # nodes between a number and what it is made of
PASSES = (
    *("Identity", "RefIdentity", "StopGradient", "ReadVariableOp", "Cast", "Switch", "RefSwitch"),
    *("Reshape", "Squeeze", "ExpandDims", "Enter", "RefEnter"),
)
_ARITHMETIC = {
    "Add": np.add,
    "AddV2": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "RealDiv": np.divide,
    "Neg": np.negative,
    "Reciprocal": np.reciprocal,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
}
# operations whose result follows from numbers, or by a choice
COMPUTED = (*_ARITHMETIC, "Merge", "RefMerge", "Select", "SelectV2")


def root(nodes: Mapping[str, Any], tensor: str) -> str:
    """Returns the tensor behind Identity, Switch and nodes that change shape or dtype."""
    name = full(tensor)
    for _ in range(DEPTH):
        node = nodes.get(node_of(name))
        if node is None or node.op not in PASSES:
            break
        name = full(node.input[0])
    return name


class Scalars:
    """Computes numbers of the whole graph, also of the part that only a training step needs.

    Args:
        lifter: the lifter.
        training: what the flag of training is.
    """

    def __init__(self, lifter: Lifter, training: bool = True) -> None:
        self._lifter, self._nodes, self._training = lifter, lifter.view.whole, training

    def value(self, tensor: str, given: Mapping[str, Any], depth: int = DEPTH) -> float | None:
        """Returns a number, or one entry of a tensor whose entries are computed alike.

        Args:
            tensor: the tensor.
            given: `{tensor: value}` of tensors that are known, behind what `root` looks through; an
                array for a vector of which an entry is taken.
            depth: how many nodes to go back.

        Returns:
            None where it needs something else.
        """
        name = root(self._nodes, tensor)
        told = self._told(name, given)
        if told is not None:
            return float(told.reshape(())) if told.size == 1 else None
        node = self._nodes.get(node_of(name))
        if node is None or depth == 0:
            return None
        if node.op == "StridedSlice":
            return self._entry(node, given)
        if node.op == "PlaceholderWithDefault":
            return self.value(node.input[0], given, depth - 1)
        if node.op == "Const":
            array = tf.make_ndarray(node.attr["value"].tensor)
            number = array.size == 1 and array.dtype.kind in "fiub"
            return float(array.reshape(-1)[0]) if number else None
        if node.op in ("Merge", "RefMerge"):
            taken = self._branch(node)
            return None if taken is None else self.value(taken, given, depth - 1)
        if node.op in ("Select", "SelectV2"):
            flag = self.flag(node.input[0])
            if flag is None:
                return None
            return self.value(node.input[1 if self._is_on(flag) else 2], given, depth - 1)
        if node.op not in _ARITHMETIC:
            return None
        numbers = [
            self.value(each, given, depth - 1) for each in node.input if not each.startswith("^")
        ]
        if any(each is None for each in numbers):
            return None
        with np.errstate(all="ignore"):
            return float(_ARITHMETIC[node.op](*numbers))

    def _told(self, name: str, given: Mapping[str, Any]) -> NDArray[Any] | None:
        """Returns the value that is known of a tensor, a number or a vector; None for another."""
        known = self._lifter.placeholders.get(node_of(name))
        if name in given:
            return np.asarray(given[name])
        if isinstance(known, Constant):
            return known.array
        if isinstance(known, Setting):
            at = known.training if self._training else known.evaluation
            return None if at is None else np.asarray(at)
        return None

    def _entry(self, node: Any, given: Mapping[str, Any]) -> float | None:
        """Returns an entry of a vector that is known; of a number, the number."""
        vector = self._told(root(self._nodes, node.input[0]), given)
        place = self._nodes.get(node_of(root(self._nodes, node.input[1])))
        alone = node.attr["shrink_axis_mask"].i == 1 if "shrink_axis_mask" in node.attr else False
        if vector is None or place is None or place.op != "Const" or not alone:
            return None
        if vector.ndim == 0:
            return float(vector)
        k = tf.make_ndarray(place.attr["value"].tensor).reshape(-1)
        inside = vector.ndim == 1 and k.size == 1 and -len(vector) <= k[0] < len(vector)
        return float(vector[int(k[0])]) if inside else None

    def _is_on(self, flag: Flag) -> bool:
        return self._training != flag.negated

    def _branch(self, merge: Any) -> str | None:
        """Returns the tensor that a Merge takes."""
        waiting, seen = list(merge.input), set()
        while waiting:
            name = node_of(waiting.pop())
            node = self._nodes.get(name)
            if node is None or name in seen:
                continue
            seen.add(name)
            if node.op in ("Switch", "RefSwitch"):
                flag = self.flag(node.input[1])
                return None if flag is None else str(merge.input[1 if self._is_on(flag) else 0])
            waiting += node.input
        return None

    def flag(self, tensor: str) -> Flag | None:
        """Returns the flag of training that a tensor is, or None."""
        name, turned = root(self._nodes, tensor), False
        while self._nodes[node_of(name)].op == "LogicalNot":
            name, turned = root(self._nodes, self._nodes[node_of(name)].input[0]), not turned
        value = self._lifter.placeholders.get(node_of(name))
        if not isinstance(value, Flag):
            return None
        return Flag(value.name, value.negated != turned)
