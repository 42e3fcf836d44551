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
    step: Step = parts[0].step
    if step.callee != "keras.ops.unstack" or len(step.shapes) != len(parts):
        return None
    if any(each.step is not step or each.index != k for k, each in enumerate(parts)):
        return None
    tensor: Tensor = step.arguments[0]
    axis = int(dict(step.keywords).get("axis", 0))
    return tensor, axis % len(tensor.shape) if tensor.shape is not None else axis


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
