"""Turns the channels of images that TF1 has before the spatial axes to the last axis and back.

Keras' layers compute channels last on every device and backend. Between two such layers the
transpositions cancel one another.
"""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.program.expressions import Tensor

TRANSPOSE = "keras.ops.transpose"


def last(tensor: Tensor | None) -> Tensor | None:
    """Returns the tensor whose channels a step moved from the last axis to the first one."""
    if tensor is None or not tensor.shape or len(tensor.shape) < 3:
        return None
    step = tensor.step
    if step.callee != TRANSPOSE or tuple(step.arguments[1:]) != (_first(len(tensor.shape)),):
        return None
    taken = step.arguments[0]
    return taken if isinstance(taken, Tensor) else None


def to_last(node: Any, lifter: Lifter, tensor: Tensor) -> Tensor:
    """Returns a tensor with its channels in the last axis.

    Args:
        node: the node that the result is for.
        lifter: the lifter.
        tensor: a tensor with its channels in the axis after the rows.
    """
    found = last(tensor)
    if found is not None:
        return found
    order = (0, *range(2, len(tensor.shape or ())), 1)
    shape = shape_last(tensor.shape)
    return lifter.derived(node, TRANSPOSE, tensor, order, shape=shape, dtype=tensor.dtype)


def to_first(node: Any, lifter: Lifter, tensor: Tensor) -> Tensor:
    """Returns a tensor with its channels in the axis after the rows.

    Args:
        node: the node that the result is for.
        lifter: the lifter.
        tensor: a tensor with its channels in the last axis.
    """
    before = tensor.shape or ()
    shape = (before[0], before[-1], *before[1:-1])
    order = _first(len(before))
    return lifter.derived(node, TRANSPOSE, tensor, order, shape=shape, dtype=tensor.dtype)


def shape_last(shape: tuple[int | None, ...] | None) -> tuple[int | None, ...] | None:
    """Returns a shape with the channels in the last axis."""
    return None if shape is None else (shape[0], *shape[2:], shape[1])


def _first(rank: int) -> tuple[int, ...]:
    return (0, rank - 1, *range(1, rank - 1))
