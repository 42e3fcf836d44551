"""Lifts variables that TF1 keeps in parts, by a partitioner, to one weight."""

from __future__ import annotations

import re
from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value, Weight
from tf_recipes.convert.program.keras_program import Joined
from tf_recipes.graph.nodes import VARIABLES

_PART = re.compile(r"(.+)/part_(\d+)")


def joined(node: Any, lifter: Lifter) -> Value | None:
    """Returns the variable whose parts are concatenated, in order."""
    names = lifter.view.inputs(node.name)
    axis, parts = lifter.integers(names[-1]), [lifter.value(each) for each in names[:-1]]
    weights = [each for each in parts if isinstance(each, Weight)]
    found = [_PART.fullmatch(each.name) for each in weights]
    if axis is None or len(weights) < len(parts) or not all(found):
        return None
    whole = {(each[1], int(each[2]) - k) for k, each in enumerate(found) if each}
    if len(whole) != 1 or found[0] is None or found[0][2] != "0":
        return None
    name = found[0][1]
    if name in lifter.view.nodes and lifter.view.op(name) in VARIABLES:
        return None
    lifter.program.joined[name] = Joined(tuple(each.name for each in weights), axis[0])
    shape = list(weights[0].shape)
    shape[axis[0]] = sum(each.shape[axis[0]] for each in weights)
    return Weight(name, tuple(shape), weights[0].dtype)


PATTERNS = (Pattern("variable in parts", ("ConcatV2",), joined, "one weight", order=10),)
