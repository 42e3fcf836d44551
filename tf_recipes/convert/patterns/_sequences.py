"""Joins the entries of sequences, and takes joined what was taken apart before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.program.expressions import Step, Tensor


def stacked(node: Any, lifter: Lifter, parts: Sequence[Any], axis: int) -> Tensor:
    """Returns tensors joined along a new axis; the entries of one tensor are that tensor.

    Args:
        node: the node that the result is for.
        lifter: the lifter.
        parts: tensors and literals of one shape.
        axis: the new axis.
    """
    whole = whole_of(parts)
    if whole is not None:
        tensor, along = whole
        rank = len(tensor.shape) if tensor.shape is not None else 0
        if along == (axis % rank if rank else axis):
            return tensor
        if rank:
            order = [each for each in range(rank) if each != along]
            order.insert(axis % rank, along)
            return _reordered(node, lifter, tensor, tuple(order))
    shape = next((each.shape for each in parts if isinstance(each, Tensor)), None)
    dtype = next((each.dtype for each in parts if isinstance(each, Tensor)), None)
    if shape is not None:
        place = axis % (len(shape) + 1)
        shape = (*shape[:place], len(parts), *shape[place:])
    keywords = {"axis": axis} if axis else {}
    return lifter.derived(
        node, "keras.ops.stack", list(parts), shape=shape, dtype=dtype, **keywords
    )


def whole_of(parts: Sequence[Any]) -> tuple[Tensor, int] | None:
    """Returns the tensor whose entries along an axis are the parts, in order, and the axis."""
    if not parts or not all(isinstance(each, Tensor) for each in parts):
        return None
    callee = parts[0].step.callee
    if callee == "keras.ops.unstack":
        return _all_of(parts, "axis")
    if callee == "keras.ops.squeeze":
        return _whole_of_squeezed(parts)
    if callee == "keras.ops.split":
        return _whole_of_rows(parts)
    if callee == "[]":
        return _whole_of_indices(parts)
    return None


def _all_of(parts: Sequence[Tensor], keyword: str) -> tuple[Tensor, int] | None:
    """Returns the tensor that one step takes apart into the parts, and its axis."""
    step: Step = parts[0].step
    if len(step.shapes) != len(parts):
        return None
    if any(each.step is not step or each.index != k for k, each in enumerate(parts)):
        return None
    tensor: Tensor = step.arguments[0]
    axis = int(dict(step.keywords).get(keyword, 0))
    return tensor, axis % len(tensor.shape) if tensor.shape is not None else axis


def _whole_of_squeezed(parts: Sequence[Tensor]) -> tuple[Tensor, int] | None:
    """Returns the tensor of parts of one entry, whose axis is removed."""
    steps = [each.step for each in parts]
    if any(each.callee != "keras.ops.squeeze" for each in steps):
        return None
    inner = [each.arguments[0] for each in steps]
    if inner[0].step.callee != "keras.ops.split":
        return None
    found = _all_of(inner, "axis")
    axes = {dict(each.keywords).get("axis") for each in steps}
    if found is None or found[0].shape is None or len(axes) != 1:
        return None
    tensor, axis = found
    removed = axes.pop()
    if not isinstance(removed, int) or removed % len(found[0].shape) != axis:
        return None
    return found if tensor.shape is not None and tensor.shape[axis] == len(parts) else None


def _whole_of_rows(parts: Sequence[Tensor]) -> tuple[Tensor, int] | None:
    """Returns the series, time first, whose rows of all times stand under one another."""
    found = _all_of(parts, "axis")
    if found is None or found[1] != 0 or found[0].step.callee != "keras.ops.reshape":
        return None
    series: Tensor = found[0].step.arguments[0]
    shape, flat = series.shape, found[0].shape
    if shape is None or flat is None or len(flat) != 2 or len(shape) != 3:
        return None
    return (series, 0) if shape[0] == len(parts) and shape[2] == flat[1] else None


def _whole_of_indices(parts: Sequence[Tensor]) -> tuple[Tensor, int] | None:
    """Returns the tensor of indices such as `x[:, 0]`, `x[:, 1]`."""
    tensor: Tensor = parts[0].step.arguments[0]
    for k, each in enumerate(parts):
        step = each.step
        places = (k, -1) if k == len(parts) - 1 else (k,)
        if step.callee != "[]" or step.arguments not in [
            (tensor, (slice(None), p)) for p in places
        ]:
            return None
    shape = tensor.shape
    return (tensor, 1) if shape is not None and shape[1] == len(parts) else None


def flip_of(tensor: Tensor, axis: int) -> Tensor | None:
    """Returns the tensor of which a tensor has the reverse order along an axis, or None."""
    step = tensor.step
    if step.callee == "keras.ops.flip" and dict(step.keywords).get("axis") == axis:
        before: Tensor = step.arguments[0]
        return before
    return None


def _reordered(node: Any, lifter: Lifter, tensor: Tensor, order: tuple[int, ...]) -> Tensor:
    shape = tensor.shape
    return lifter.derived(
        node,
        "keras.ops.transpose",
        tensor,
        order,
        shape=tuple(shape[each] for each in order) if shape is not None else None,
        dtype=tensor.dtype,
    )


def flipped(node: Any, lifter: Lifter, tensor: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Returns a tensor with the entries along some axes in reverse order; twice is no change."""
    axis = axes[0] if len(axes) == 1 else axes
    step = tensor.step
    if step.callee == "keras.ops.flip" and dict(step.keywords).get("axis") == axis:
        before: Tensor = step.arguments[0]
        return before
    return lifter.derived(
        node, "keras.ops.flip", tensor, axis=axis, shape=tensor.shape, dtype=tensor.dtype
    )
