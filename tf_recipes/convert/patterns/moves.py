"""Lifts what moves entries without computing: concatenation, transposition, slices, padding."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Constant, Value, Weight
from tf_recipes.convert.patterns import _layout
from tf_recipes.convert.patterns import _sequences as sequences
from tf_recipes.convert.program.expressions import Tensor


def concatenation(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the concatenation of tensors along an axis."""
    names = lifter.view.inputs(node.name)
    axis_name, parts = (names[0], names[1:]) if node.op == "Concat" else (names[-1], names[:-1])
    axis = lifter.integers(axis_name)
    given = [lifter.argument(each) for each in parts]
    if axis is None or any(each is None for each in given):
        return None
    if not any(lifter.is_tensor(each) for each in given):
        given[0] = lifter.as_tensor(lifter.value(parts[0]), parts[0])
    turned = [_layout.last(each) if isinstance(each, Tensor) else None for each in given]
    if axis[0] == 1 and all(each is not None for each in turned):
        shape = _layout.shape_last(lifter.view.shape(node.name))
        result = lifter.derived(node, "keras.ops.concatenate", turned, shape=shape, axis=-1)
        return _layout.to_first(node, lifter, result)
    series = sequences.series_of(node, lifter, given) if axis[0] in (1, -1) else None
    if series is not None and len(series.shape or ()) == 3:  # its entries side by side
        width = lifter.view.shape(node.name)
        if width and width[-1] is not None:
            return lifter.operation(node, "keras.ops.reshape", series, (-1, width[-1]))
    return lifter.operation(node, "keras.ops.concatenate", given, axis=axis[0])


def transposition(node: Any, lifter: Lifter) -> Value | None:
    """Lifts an exchange of axes; two that undo one another are none."""
    name, order = node.input[0], lifter.integers(node.input[1])
    if order is None:
        return None
    if list(order) == sorted(order):
        return lifter.value(name)
    tensor = _taken(name, lifter)
    if tensor is None:
        return None
    return sequences.transposed(node, lifter, tensor, order)


def _taken(name: str, lifter: Lifter) -> Tensor | None:
    """Returns a tensor, a variable or a constant as a tensor of the program, or None."""
    value = lifter.value(name)
    return lifter.as_tensor(value, name) if isinstance(value, Tensor | Weight | Constant) else None


def expansion(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a new axis of one entry."""
    tensor, axis = _taken(node.input[0], lifter), lifter.integers(node.input[1])
    if tensor is None or axis is None:
        return None
    return lifter.operation(node, "keras.ops.expand_dims", tensor, axis=axis[0])


def squeezing(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the removal of axes of one entry.

    A graph that names no axes removes each of one entry. Here these are the axes that are known
    to have one: the axis of the rows stays, also for one row.
    """
    tensor = _taken(node.input[0], lifter)
    if tensor is None:
        return None
    axes, shape = lifter.view.attribute(node.name, "squeeze_dims"), tensor.shape
    if not axes and shape is not None:
        axes = [axis for axis, size in enumerate(shape) if size == 1]
        if not axes:
            return tensor
    if not axes:
        return None
    kept = None
    if shape is not None:
        gone = {axis % len(shape) for axis in axes}
        kept = tuple(size for axis, size in enumerate(shape) if axis not in gone)
    axis = axes[0] if len(axes) == 1 else tuple(axes)
    return lifter.derived(node, "keras.ops.squeeze", tensor, axis=axis, shape=kept)


def strided_slice(node: Any, lifter: Lifter) -> Value | None:
    """Lifts an index such as `x[:, -1]`."""
    tensor = _taken(node.input[0], lifter)
    numbers = [lifter.integers(each) for each in node.input[1:4]]
    if tensor is None or any(each is None for each in numbers):
        return None
    masks = {
        kind: lifter.view.attribute(node.name, f"{kind}_mask") or 0
        for kind in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    index: list[Any] = []
    for k, (begin, end, stride) in enumerate(zip(*numbers, strict=True)):
        on = {kind for kind, mask in masks.items() if mask >> k & 1}
        if "ellipsis" in on:
            index.append(...)
        elif "new_axis" in on:
            index.append(None)
        elif "shrink_axis" in on:
            index.append(begin)
        else:
            first = None if "begin" in on or (begin == 0 and stride > 0) else begin
            index.append(
                slice(first, None if "end" in on else end, None if stride == 1 else stride)
            )
    for axis, each in enumerate(index):  # PyTorch has no negative steps
        if each == slice(None, None, -1) and ... not in index[:axis] and None not in index:
            index[axis] = slice(None)
            tensor = sequences.flipped(node, lifter, tensor, (axis,))
    return indexed(node, lifter, tensor, tuple(index))


def indexed(node: Any, lifter: Lifter, tensor: Tensor, index: tuple[Any, ...]) -> Tensor:
    """Returns an index of a tensor, without what takes a whole axis at the end."""
    step = tensor.step
    if step.callee == "keras.ops.transpose" and index and isinstance(index[0], int):
        order = step.arguments[1]
        swapped = order[:2] == (1, 0) and list(order[2:]) == list(range(2, len(order)))
        if swapped and all(each == slice(None) for each in index[1:]):
            # an entry of series with time first is one of the series with the rows first
            return indexed(node, lifter, step.arguments[0], (slice(None), index[0]))
    shape = tensor.shape
    if shape is not None and ... not in index and None not in index:
        index = tuple(_whole(each, size) for each, size in zip(index, shape, strict=False))
    while index and index[-1] in (slice(None), ...):
        index = index[:-1]
    if not index:
        return tensor
    if len(index) == 1 and isinstance(index[0], slice):  # which Keras takes in a tuple alone
        index = (*index, slice(None) if shape is not None and len(shape) > 1 else ...)
    return lifter.operation(node, "[]", tensor, index)


def _whole(part: Any, size: int | None) -> Any:
    """Returns a slice without an end at or behind the size of its axis."""
    if not isinstance(part, slice) or part.stop is None or size is None:
        return part
    whole = part.stop >= size and (part.step is None or part.step > 0)
    return slice(part.start, None, part.step) if whole else part


def slice_(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a part of a tensor that begins at some place and has some size."""
    tensor = _taken(node.input[0], lifter)
    begin, size = (lifter.integers(each) for each in node.input[1:3])
    if tensor is None or begin is None or size is None:
        return None
    index = tuple(
        slice(first or None, None if count == -1 else first + count)
        for first, count in zip(begin, size, strict=True)
    )
    return indexed(node, lifter, tensor, index)


def split(node: Any, lifter: Lifter) -> Any:
    """Lifts the parts of a tensor along an axis."""
    names = lifter.view.inputs(node.name)
    value, axis_name = (names[1], names[0]) if node.op == "Split" else (names[0], names[2])
    tensor, axis = _taken(value, lifter), lifter.integers(axis_name)
    count = lifter.view.attribute(node.name, "num_split")
    if tensor is None or axis is None:
        return None
    if count == 1:
        return [tensor]
    parts: Any = count
    if node.op == "SplitV":
        sizes = _sizes_of_parts(lifter.integers(names[1]), tensor, axis[0])
        if sizes is None:
            return None
        parts = [sum(sizes[: k + 1]) for k in range(len(sizes) - 1)]
    results = lifter.view.outputs_of(node.name)
    first = lifter.operation(
        node, "keras.ops.split", tensor, parts, axis=axis[0] or None, result=results
    )
    return [Tensor(first.step, k) for k in range(count)]


def _sizes_of_parts(
    sizes: tuple[int, ...] | None, tensor: Tensor, axis: int
) -> tuple[int, ...] | None:
    """Returns the sizes, where -1 is replaced by what the others leave; None if it is not known."""
    if sizes is None or -1 not in sizes:
        return sizes
    whole = tensor.shape[axis] if tensor.shape is not None else None
    if whole is None:
        return None
    left = whole - sum(each for each in sizes if each != -1)
    return tuple(left if each == -1 else each for each in sizes)


def unpacking(node: Any, lifter: Lifter) -> Any:
    """Lifts the entries along an axis."""
    tensor = _taken(node.input[0], lifter)
    count = lifter.view.attribute(node.name, "num")
    axis = lifter.view.attribute(node.name, "axis") or 0
    if tensor is None:
        return None
    if count == 1:
        return [lifter.operation(node, "keras.ops.squeeze", tensor, axis=axis)]
    results = lifter.view.outputs_of(node.name)
    first = lifter.operation(
        node, "keras.ops.unstack", tensor, axis=axis or None, num=_number(tensor, axis, count),
        result=results,
    )  # fmt: skip
    return [Tensor(first.step, k) for k in range(count)]


def _number(tensor: Tensor, axis: int, count: int) -> int | None:
    """Returns the number of entries, or None where the shape tells it."""
    known = tensor.shape is not None and tensor.shape[axis] is not None
    return None if known else count


def packing(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the joining of tensors along a new axis."""
    names = lifter.view.inputs(node.name)
    given = [lifter.argument(each) for each in names]
    axis = lifter.view.attribute(node.name, "axis") or 0
    if any(each is None for each in given):
        return None
    if not any(lifter.is_tensor(each) for each in given):
        given[0] = lifter.as_tensor(lifter.value(names[0]), names[0])
    return sequences.stacked(node, lifter, given, axis)


def padding(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a border of zeros, of another number, or of the tensor's mirror image."""
    tensor, widths = _taken(node.input[0], lifter), lifter.integers(node.input[1])
    if tensor is None or widths is None:
        return None
    pairs = tuple(zip(widths[::2], widths[1::2], strict=True))
    if not any(widths):
        return tensor
    keywords: dict[str, Any] = {}
    if node.op == "MirrorPad":
        keywords["mode"] = str(lifter.view.attribute(node.name, "mode")).lower()
    elif node.op == "PadV2":
        number = lifter.argument(node.input[2])
        if number is None:
            return None
        keywords["constant_values"] = number or None
    return lifter.operation(node, "keras.ops.pad", tensor, pairs, **keywords)


def reverse(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the reverse order of the entries along some axes."""
    tensor, axes = _taken(node.input[0], lifter), lifter.integers(node.input[1])
    if tensor is None or axes is None:
        return None
    return sequences.flipped(node, lifter, tensor, axes)


def band(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the upper or lower triangle of matrices."""
    tensor = _taken(node.input[0], lifter)
    lower, upper = (lifter.scalar(each) for each in node.input[1:3])
    if tensor is None:
        return None
    if (lower, upper) == (-1, 0):
        return lifter.operation(node, "keras.ops.tril", tensor)
    if (lower, upper) == (0, -1):
        return lifter.operation(node, "keras.ops.triu", tensor)
    return None


PATTERNS = (
    Pattern("concatenation", ("ConcatV2", "Concat"), concatenation, "keras.ops.concatenate"),
    Pattern("transposition", ("Transpose",), transposition, "keras.ops.transpose"),
    Pattern("new axis", ("ExpandDims",), expansion, "keras.ops.expand_dims"),
    Pattern("removed axis", ("Squeeze",), squeezing, "keras.ops.squeeze"),
    Pattern("index", ("StridedSlice",), strided_slice, "x[…]"),
    Pattern("slice", ("Slice",), slice_, "x[…]"),
    Pattern("split", ("Split", "SplitV"), split, "keras.ops.split"),
    Pattern("unstack", ("Unpack",), unpacking, "keras.ops.unstack"),
    Pattern("stack", ("Pack",), packing, "keras.ops.stack"),
    Pattern("padding", ("Pad", "PadV2", "MirrorPad"), padding, "keras.ops.pad"),
    Pattern("reverse order", ("ReverseV2",), reverse, "keras.ops.flip"),
    Pattern("triangle of a matrix", ("MatrixBandPart",), band, "keras.ops.tril, keras.ops.triu"),
)
