"""Lifts variables that TF1 keeps in parts, by a partitioner or by hand, to one weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.step_builder import PART
from tf_recipes.convert.lifting.values import Dimension, Value, Weight
from tf_recipes.convert.patterns.indexing import rows_of
from tf_recipes.convert.patterns.shapes import sizes
from tf_recipes.convert.program.keras_program import Joined
from tf_recipes.graph.nodes import VARIABLES, node_of

_STITCHES = ("DynamicStitch", "ParallelDynamicStitch")
# what TF1 computes the part of a row with, and its place there
_NUMBERS = (
    *("Cast", "FloorMod", "Mod", "FloorDiv", "Div", "Maximum", "Sub", "Add", "AddV2", "Mul"),
    *("Less", "Select", "SelectV2", "Identity"),
)


def joined(node: Any, lifter: Lifter) -> Value | None:
    """Returns the variable whose parts are concatenated, in order."""
    names = lifter.view.inputs(node.name)
    axis, weights = lifter.integers(names[-1]), _weights(names[:-1], lifter)
    if axis is None or not weights or not all(PART.search(each.name) for each in weights):
        return None
    return _whole(weights, axis[0], False, lifter)


def looked_up(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a look-up of rows in the parts of a variable: to one in the whole variable."""
    found = _look_up(node, lifter)
    if found is None:
        return None
    table, flat = found
    places = lifter.tensor(flat)
    return None if places is None else rows_of(node, lifter, table, places)


def looked_up_in_shape(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a look-up in parts whose ids have several axes, which TF1 flattens before."""
    view = lifter.view
    stitch, target = view.node(view.behind(node.input[0])), sizes(node.input[1], lifter)
    found = _look_up(stitch, lifter) if stitch.op in _STITCHES else None
    if found is None or target is None:
        return None
    table, flat = found
    flattened = view.node(view.behind(flat))
    places = lifter.tensor(flattened.input[0]) if flattened.op == "Reshape" else None
    if places is None or places.shape is None:
        return None
    wanted = [
        size if size is not None else Dimension(places, axis)
        for axis, size in enumerate(places.shape)
    ]
    if list(target[0]) != [*wanted, *table.shape[1:]]:
        return None
    return rows_of(node, lifter, table, places)


def _weights(names: Sequence[str], lifter: Lifter) -> list[Weight]:
    """Returns the variables that tensors are the values of; none if one is no variable."""
    values = [lifter.value(each) for each in names]
    weights = [each for each in values if isinstance(each, Weight)]
    return weights if len(weights) == len(values) else []


def _whole(weights: Sequence[Weight], axis: int, mod: bool, lifter: Lifter) -> Weight | None:
    """Returns the variable that consists of others, or None where the others do not fit.

    Args:
        weights: the parts.
        axis: the axis along which they are parts.
        mod: True where they have the rows by turns, as the strategy "mod" of TF1 gives them.
        lifter: the lifter.
    """
    bases = {PART.sub("", each.name) for each in weights}
    ends = [PART.search(each.name) for each in weights]
    name = _common([each.name for each in weights])
    if all(ends):
        name = bases.pop()
        if bases or [int(each[1]) for each in ends if each] != list(range(len(ends))):
            return None
    if name in lifter.view.nodes and lifter.view.op(name) in VARIABLES:
        return None
    parts = Joined(tuple(each.name for each in weights), axis, mod)
    if lifter.program.joined.setdefault(name, parts) != parts:
        return None
    shape = list(weights[0].shape)
    shape[axis] = sum(each.shape[axis] for each in weights)
    return Weight(name, tuple(shape), weights[0].dtype)


def _common(names: Sequence[str]) -> str:
    """Returns what names have in common at their beginning."""
    first, last = min(names), max(names)
    size = next(
        (k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first)
    )
    return first[:size].rstrip("_/") or "joined_parts"


def _look_up(node: Any, lifter: Lifter) -> tuple[Weight, str] | None:
    """Returns the whole variable and the flat ids, where a node joins what its parts give.

    The ids are sorted by the part that has their row (DynamicPartition), each part gives its rows,
    and the node puts the rows in the order of the ids.
    """
    view = lifter.view
    names = view.inputs(node.name)
    count = len(names) // 2
    orders = [view.behind(each) for each in names[:count]]
    gathers = [view.node(view.behind(each)) for each in names[count:]]
    if any(each.op not in ("Gather", "GatherV2", "ResourceGather") for each in gathers):
        return None
    places = [view.behind(each.input[1]) for each in gathers]
    first, second = (node_of(each[0]) for each in (orders, places))
    sorted_in_parts = all(
        view.op(name) == "DynamicPartition"
        and [each.partition(":")[2] or "0" for each in tensors] == [str(k) for k in range(count)]
        and {node_of(each) for each in tensors} == {name}
        for name, tensors in ((first, orders), (second, places))
    )
    if not sorted_in_parts:
        return None
    (numbers, part), (rows, same_part) = view.inputs(first), view.inputs(second)
    flat = _source(lifter, [rows, part])
    weights = [each.input[0] for each in gathers]
    found = _weights(weights, lifter)
    if part != same_part or view.op(numbers) != "Range" or flat is None or not found:
        return None
    mod = _is_mod(lifter, flat, part, rows, [each.shape[0] for each in found])
    whole = None if mod is None else _whole(found, 0, mod, lifter)
    return None if whole is None else (whole, flat)


def _source(lifter: Lifter, tensors: Sequence[str]) -> str | None:
    """Returns the one tensor that others are computed from by arithmetic, or None."""
    found: set[str] = set()
    waiting, seen = list(tensors), set()
    while waiting:
        tensor = waiting.pop()
        if tensor in seen or lifter.view.constant(tensor) is not None:
            continue
        seen.add(tensor)
        if lifter.view.op(tensor) in _NUMBERS and not lifter.view.is_input(tensor):
            waiting += lifter.view.inputs(tensor)
        else:
            found.add(tensor)
    return found.pop() if len(found) == 1 else None


def _is_mod(lifter: Lifter, flat: str, part: str, rows: str, lengths: Sequence[int]) -> bool | None:
    """Returns whether parts have rows by turns, or one block each; None for another order."""
    ids = np.arange(sum(lengths), dtype=lifter.view.dtype(flat))
    found = lifter.view.evaluated([part, rows], {flat: ids})
    if found is None:
        return None
    count = len(lengths)
    blocks = np.repeat(np.arange(count), lengths)
    starts = np.cumsum([0, *lengths])[:-1]
    for mod, wanted in (
        (True, (ids % count, ids // count)),
        (False, (blocks, ids - starts[blocks])),
    ):
        if all(np.array_equal(each, other) for each, other in zip(found, wanted, strict=True)):
            return mod
    return None


PATTERNS = (
    Pattern("variable in parts", ("ConcatV2",), joined, "one weight", order=10),
    Pattern("embedding in parts", _STITCHES, looked_up, "keras.layers.Embedding(…)", order=20),
    Pattern(
        "embedding in parts, of ids with several axes",
        ("Reshape",),
        looked_up_in_shape,
        "keras.layers.Embedding(…)",
        order=10,
    ),
)
