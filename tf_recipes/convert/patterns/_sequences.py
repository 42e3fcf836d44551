"""Joins the entries of sequences, and takes joined what was taken apart before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.program.expressions import Layer, Step, Tensor
from tf_recipes.convert.program.keras_program import identity


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
            return transposed(node, lifter, tensor, tuple(order))
    series = series_of(node, lifter, parts) if axis == 1 else None
    if series is not None:
        return series
    shape = next((each.shape for each in parts if isinstance(each, Tensor)), None)
    dtype = next((each.dtype for each in parts if isinstance(each, Tensor)), None)
    if shape is not None:
        place = axis % (len(shape) + 1)
        shape = (*shape[:place], len(parts), *shape[place:])
    keywords: dict[str, Any] = {"axis": axis} if axis else {}
    return lifter.derived(
        node, "keras.ops.stack", list(parts), shape=shape, dtype=dtype, **keywords
    )


# layers that do the same to each entry of a series as to the whole
_FOR_EACH = ("keras.layers.Dense", "keras.layers.Dropout", "keras.layers.Embedding")


def series_of(node: Any, lifter: Lifter, parts: Sequence[Any]) -> Tensor | None:
    """Returns the series, rows before time, of which the parts are the entries, or None.

    Args:
        node: the node that the result is for.
        lifter: the lifter.
        parts: tensors, one for each time.
    """
    if len(parts) < 2 or not all(isinstance(each, Tensor) for each in parts):
        return None
    whole = whole_of(parts)
    if whole is not None:
        tensor, along = whole
        if tensor.shape is None or along > 1:
            return None
        order = (1, 0, *range(2, len(tensor.shape)))
        return tensor if along == 1 else transposed(node, lifter, tensor, order)
    if parts[0].step.callee == "keras.ops.split":
        found = _all_of(parts, "axis")
        rows = found is not None and found[1] == 0
        return _series_of_rows(node, lifter, found[0], len(parts)) if found and rows else None
    return _mapped(node, lifter, parts)


def _mapped(node: Any, lifter: Lifter, parts: Sequence[Tensor]) -> Tensor | None:
    """Returns one layer on a series, for parts that are the layer on each entry; else None."""
    steps: list[Step] = [each.step for each in parts]
    layers = [each.layer for each in steps]
    first = layers[0]
    if first is None or first.path not in _FOR_EACH or any(each.keywords for each in steps):
        return None
    if first.path == "keras.layers.Dropout":  # each entry is drawn by itself, as TF1 does
        same = all(each is not None and _plain(each) == _plain(first) for each in layers)
    else:
        same = all(identity(each) == identity(first) for each in layers)
    if not same or first.keyword("noise_shape") is not None:
        return None
    series = series_of(node, lifter, [each.arguments[0] for each in steps])
    return None if series is None else _again(node, lifter, parts[0].step, series)


def _series_of_rows(node: Any, lifter: Lifter, flat: Tensor, count: int) -> Tensor | None:
    """Returns the series, rows before time, whose rows of all times stand under one another."""
    step = flat.step
    if step.callee == "keras.ops.reshape":
        series: Tensor = step.arguments[0]
        shape = series.shape
        if shape is None or flat.shape is None or len(flat.shape) != 2 or len(shape) != 3:
            return None
        if shape[0] != count or shape[2] != flat.shape[1]:
            return None
        return transposed(node, lifter, series, (1, 0, 2))
    layer = step.layer
    each = layer is not None and layer.path in _FOR_EACH and not layer.keyword("noise_shape")
    if not each and not str(step.callee).startswith("keras.activations."):
        return None
    inner = _series_of_rows(node, lifter, step.arguments[0], count)
    return None if inner is None else _again(node, lifter, step, inner)


def _again(node: Any, lifter: Lifter, step: Step, series: Tensor) -> Tensor:
    """Returns what a step gives for a series instead of one entry."""
    one, before = step.shapes[0], series.shape
    known = one is not None and before is not None
    made = lifter.program.add(
        step.callee,
        (series, *step.arguments[1:]),
        dict(step.keywords),
        [(*before[:2], *one[1:]) if known else None],  # type: ignore[index]
        step.dtypes,
        [*step.nodes, node.name],
        step.scope,
    )
    return Tensor(made)


def _plain(layer: Layer) -> tuple[Any, ...]:
    return layer.path, layer.arguments, layer.keywords


def whole_of(parts: Sequence[Any]) -> tuple[Tensor, int] | None:
    """Returns the tensor whose entries along an axis are the parts, in order, and the axis."""
    if not parts or not all(isinstance(each, Tensor) for each in parts):
        return None
    callee = parts[0].step.callee
    if callee == "keras.ops.unstack":
        return _all_of(parts, "axis")
    if callee == "keras.ops.squeeze":
        return _whole_of_squeezed(parts)
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


def transposed(node: Any, lifter: Lifter, tensor: Tensor, order: tuple[int, ...]) -> Tensor:
    """Returns a tensor with its axes in another order, by one step at most."""
    step = tensor.step
    if step.callee == "keras.ops.transpose" and not step.sequence:
        before = step.arguments[1]
        order = tuple(before[each] for each in order)
        tensor = step.arguments[0]
        if list(order) == sorted(order):
            return tensor
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
        node,
        "keras.ops.flip",
        tensor,
        axis=axis,
        shape=tensor.shape,
        dtype=tensor.dtype,
        scope=f"{step.scope}_reversed",
    )
