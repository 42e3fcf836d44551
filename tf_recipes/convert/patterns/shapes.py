"""Lifts what a graph computes of shapes, and the changes of shape that it is for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Constant, Dimension, Sizes, Unknown, Value, Weight
from tf_recipes.convert.program.expressions import Tensor

Entry = int | Dimension


def shape(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the shape of a tensor."""
    known, tensor = lifter.view.shape(node.input[0]), lifter.tensor(node.input[0])
    if tensor is not None and tensor.shape is not None:  # as lifted, more of it may be known
        known = tuple(
            size if size is not None else other
            for size, other in zip(tensor.shape, known or tensor.shape, strict=True)
        )
    if known is None or (None in known and tensor is None):
        return None
    entries = [
        size if size is not None else Dimension(tensor, axis)  # type: ignore[arg-type]
        for axis, size in enumerate(known)
    ]
    return Sizes(tuple(entries))


def sizes(name: str, lifter: Lifter) -> tuple[tuple[Entry, ...], bool] | None:
    """Returns the dimensions that a tensor of the graph holds, and whether it is a scalar."""
    match lifter.value(name):
        case Sizes(entries, scalar):
            return entries, scalar
        case Constant(array) if array.ndim <= 1 and array.dtype.kind in "iu":
            return tuple(int(each) for each in np.atleast_1d(array)), array.ndim == 0
    return None


def of_sizes(node: Any, lifter: Lifter) -> Value | None:
    """Computes on with dimensions."""
    names = lifter.view.inputs(node.name)
    match node.op:
        case "Cast" | "Identity":
            found = sizes(names[0], lifter)
            if found and node.op == "Cast" and _are_numbers(found[0]):
                array = np.asarray(found[0][0] if found[1] else found[0])
                return Constant(array.astype(lifter.view.dtype(f"{node.name}:0")))
            whole = lifter.view.dtype(f"{node.name}:0").startswith(("int", "uint"))
            return Sizes(*found) if found and whole else None
        case "StridedSlice" | "Slice":
            return _sliced(node, lifter, names)
        case "Pack":
            parts = [sizes(each, lifter) for each in names]
            if all(each is not None and each[1] for each in parts):
                return Sizes(tuple(each[0][0] for each in parts if each))
        case "ConcatV2":
            parts = [sizes(each, lifter) for each in names[:-1]]
            if all(each is not None and not each[1] for each in parts):
                return Sizes(tuple(e for each in parts if each for e in each[0]))
        case "ExpandDims" | "Reshape" | "Squeeze":
            found = sizes(names[0], lifter)
            if found and len(found[0]) == 1:
                return Sizes(found[0], scalar=lifter.view.rank(f"{node.name}:0") == 0)
        case "Prod":
            found = sizes(names[0], lifter)
            if found:
                return Sizes((_product(found[0]),), True)
        case "GatherV2" | "Gather":
            found, places = sizes(names[0], lifter), lifter.constant(names[1])
            if found and not found[1] and places is not None and places.ndim <= 1:
                entries = tuple(found[0][int(each)] for each in places.ravel())
                return Sizes(entries, scalar=places.ndim == 0)
        case "Mul" | "Add" | "AddV2" | "Sub" | "FloorDiv" | "Maximum" | "Minimum":
            first, second = (sizes(each, lifter) for each in names)
            if first and second and _are_numbers(first[0]) and _are_numbers(second[0]):
                return _computed(node.op, first, second)
            if first and second and node.op == "Mul":
                size = max(len(first[0]), len(second[0]))
                if {len(first[0]), len(second[0])} <= {1, size}:
                    long = (each[0] * (size // len(each[0])) for each in (first, second))
                    pairs = zip(*long, strict=True)
                    scalar = first[1] and second[1]
                    return Sizes(tuple(_product(pair) for pair in pairs), scalar)
    return None


def _product(entries: tuple[Entry, ...]) -> Entry:
    """Returns the product of dimensions."""
    unknown = [each for each in entries if isinstance(each, Dimension)]
    number = math.prod(each for each in entries if isinstance(each, int))
    if not unknown or number == 0:
        return number
    first, *others = unknown
    times = (*first.times, *others, *((number,) if number != 1 else ()))
    return Dimension(first.tensor, first.axis, times)


def _are_numbers(entries: tuple[Entry, ...]) -> bool:
    return all(isinstance(each, int) for each in entries)


def _computed(op: str, first: Any, second: Any) -> Sizes:
    functions = {
        "Mul": np.multiply,
        "Sub": np.subtract,
        "FloorDiv": np.floor_divide,
        "Maximum": np.maximum,
        "Minimum": np.minimum,
    }
    found = np.atleast_1d(functions.get(op, np.add)(first[0], second[0]))
    return Sizes(tuple(int(each) for each in found), scalar=first[1] and second[1])


def _sliced(node: Any, lifter: Lifter, names: list[str]) -> Value | None:
    found = sizes(names[0], lifter)
    numbers = [lifter.constant(each) for each in names[1:]]
    if found is None or found[1] or any(each is None or each.size != 1 for each in numbers):
        return None
    begin, end, *step = (int(each.reshape(())) for each in numbers)
    if node.op == "Slice":
        return Sizes(found[0][begin : None if end == -1 else begin + end])
    if lifter.view.attribute(node.name, "shrink_axis_mask") == 1:
        return Sizes((found[0][begin],), scalar=True)
    first = None if lifter.view.attribute(node.name, "begin_mask") else begin
    last = None if lifter.view.attribute(node.name, "end_mask") else end
    return Sizes(found[0][first : last : step[0]])


def reshape(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a change of shape: to a layer where the rows stay rows, else to an operation."""
    value, found = lifter.value(node.input[0]), sizes(node.input[1], lifter)
    if found is None:
        return None
    if isinstance(value, Weight):
        if lifter.view.shape(node.name) == value.shape:
            return value
        value = lifter.as_tensor(value, node.input[0])
    tensor = value if isinstance(value, Tensor) else None
    if tensor is None:
        return None
    return reshaped(node, lifter, tensor, found[0])


def reshaped(node: Any, lifter: Lifter, tensor: Tensor, target: tuple[Entry, ...]) -> Value:
    """Returns a tensor in another shape, whose entries are numbers, -1 once, or dimensions."""
    before = tensor.shape
    undone = _undone(tensor, target)
    if undone is not None:
        return undone
    wanted = [each if isinstance(each, int) else -1 for each in target]
    if wanted.count(-1) > 1:
        wanted = _with_rows(tensor, target) or wanted
    if wanted.count(-1) > 1:
        return Unknown(node.name, node.op, "has a shape with several dimensions that are not known")
    if before is not None and before[:1] == (None,) and None not in before[1:] and wanted[0] == -1:
        undone = _undone(tensor, tuple(wanted))
        if undone is not None:
            return undone
        same = math.prod(before[1:]) == math.prod(wanted[1:])  # type: ignore[arg-type]
        if same and tuple(before[1:]) == tuple(wanted[1:]):
            return tensor
        if same and len(wanted) == 2:
            flat = (None, wanted[1])
            return lifter.layer(
                node, "keras.layers.Flatten", tensor, scope=_scope(node), shape=flat
            )
        if same:
            sizes_ = tuple(wanted[1:])
            return lifter.layer(
                node,
                "keras.layers.Reshape",
                tensor,
                [sizes_],
                scope=_scope(node),
                shape=(None, *sizes_),
            )
    sizes_of: tuple[int | None, ...] = tuple(None if e == -1 else e for e in wanted)
    while (source := before_reshape(tensor)) is not None:
        tensor = source
    return lifter.derived(
        node, "keras.ops.reshape", tensor, tuple(wanted), shape=sizes_of, dtype=tensor.dtype
    )


def before_reshape(tensor: Tensor) -> Tensor | None:
    """Returns the tensor that a step gave another shape, or None for another step."""
    callee = tensor.step.layer.path if tensor.step.layer else tensor.step.callee
    if callee not in ("keras.layers.Reshape", "keras.layers.Flatten", "keras.ops.reshape"):
        return None
    return next(tensor.step.tensors(), None)


def _undone(tensor: Tensor, target: tuple[Entry, ...]) -> Tensor | None:
    """Returns the tensor that a step gave another shape, if that is the wanted shape again."""
    source = before_reshape(tensor)
    if source is None or source.shape is None or len(source.shape) != len(target):
        return None
    left_open = 0
    for axis, (entry, size) in enumerate(zip(target, source.shape, strict=True)):
        if entry == -1:
            left_open += 1
        elif entry != size and (size is not None or entry != Dimension(source, axis)):
            return None
    return source if left_open <= 1 else None


def _scope(node: Any) -> str:
    """Returns the scope of a node, without the operation's name."""
    return str(node.name).removesuffix(f"/{node.op}")


def _with_rows(tensor: Tensor, target: tuple[Entry, ...]) -> list[int] | None:
    """Returns a shape whose rows are those of a tensor, with a number for what it leaves open.

    Returns:
        None where the rows change, or more than one size is open.
    """
    before, rows, *others = tensor.shape, *target
    rows_stay = (
        isinstance(rows, Dimension)
        and not rows.times
        and rows.axis == 0
        and _have_rows_of(tensor, rows)
    )
    if before is None or None in before[1:] or not rows_stay:
        return None
    known = math.prod(each for each in others if isinstance(each, int) and each != -1)
    if [each for each in others if not isinstance(each, int)] or others.count(-1) != 1 or not known:
        return None
    size = math.prod(before[1:])  # type: ignore[arg-type]
    left = (size // known if each == -1 else each for each in others)
    return [-1, *(each for each in left if isinstance(each, int))]


def _have_rows_of(tensor: Tensor, rows: Dimension) -> bool:
    """Returns whether a tensor has one row for each row of the tensor of a dimension."""
    waiting, seen = [tensor], set()
    while waiting:
        each = waiting.pop()
        if each == rows.tensor:
            return True
        step = each.step
        # layers and activations leave the rows as they are
        if id(step) not in seen and (step.layer or str(step.callee).startswith("keras.activ")):
            seen.add(id(step))
            waiting += step.tensors()
    return False


_OF_SIZES = (
    *("Cast", "Identity", "StridedSlice", "Slice", "Pack", "ConcatV2", "ExpandDims", "Reshape"),
    *(
        "GatherV2",
        "Gather",
        "Squeeze",
        "Prod",
        "Mul",
        "Add",
        "AddV2",
        "Sub",
        "FloorDiv",
        "Maximum",
        "Minimum",
    ),
)
PATTERNS = (
    Pattern("shape", ("Shape",), shape, "a shape that is known, or -1"),
    Pattern("arithmetic of shapes", _OF_SIZES, of_sizes, "a shape that is known", order=1),
    Pattern("reshape", ("Reshape",), reshape, "Flatten, Reshape, keras.ops.reshape"),
)
