"""Lifts tensors that are made of a size: ranges, tensors of one number, repeated tensors."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Dimension, Value
from tf_recipes.convert.patterns import _sizes
from tf_recipes.convert.patterns.shapes import sizes
from tf_recipes.convert.program.expressions import Tensor


def range_(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the numbers from one to another; with an end that is a size, as a sum of ones."""
    names, dtype = lifter.view.inputs(node.name), lifter.view.dtype(f"{node.name}:0")
    numbers = [lifter.integers(each) for each in names]
    known = [each[0] for each in numbers if each is not None]
    if len(known) == 3:
        start, stop, step = known
        given = (stop,) if (start, step) == (0, 1) else (start, stop)
        keywords: dict[str, Any] = {} if step == 1 else {"step": step}
        return lifter.operation(node, "keras.ops.arange", *given, **keywords, dtype=dtype)
    end = sizes(names[1], lifter)
    if end is None or not isinstance(end[0][0], Dimension) or known != [0, 1]:
        return None
    if end[0][0].times:
        return None
    return _sizes.counted(node, lifter, end[0][0], dtype)


def fill(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a tensor of one number."""
    found, number = sizes(node.input[0], lifter), lifter.scalar(node.input[1])
    if found is None or number is None:
        return None
    dtype = lifter.view.dtype(f"{node.name}:0")
    if not any(isinstance(each, Dimension) for each in found[0]):
        if number == 0:
            return lifter.operation(node, "keras.ops.zeros", tuple(found[0]), dtype=dtype)
        return lifter.operation(node, "keras.ops.full", tuple(found[0]), number, dtype=dtype)
    return _sizes.filled(node, lifter, found[0], number, dtype)


def tile(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the repetition of a tensor along its axes."""
    value, found = lifter.argument(node.input[0]), sizes(node.input[1], lifter)
    if value is None or found is None:
        return None
    tensor = lifter.as_tensor(lifter.value(node.input[0]), node.input[0])
    counts = tuple(1 if isinstance(each, Dimension) else each for each in found[0])
    if any(each != 1 for each in counts):
        shape = _tiled(tensor, counts)
        tensor = lifter.derived(
            node, "keras.ops.tile", tensor, counts, shape=shape, dtype=tensor.dtype
        )
    ones = tuple(each if isinstance(each, Dimension) else 1 for each in found[0])
    return _spread(node, lifter, tensor, ones)


def _tiled(tensor: Tensor, counts: tuple[int, ...]) -> tuple[int | None, ...] | None:
    if tensor.shape is None:
        return None
    return tuple(
        None if size is None else size * count
        for size, count in zip(tensor.shape, counts, strict=True)
    )


def broadcast(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a tensor in a larger shape."""
    value, found = lifter.argument(node.input[0]), sizes(node.input[1], lifter)
    if value is None or found is None:
        return None
    tensor = lifter.as_tensor(lifter.value(node.input[0]), node.input[0])
    if not any(isinstance(each, Dimension) for each in found[0]):
        return lifter.operation(node, "keras.ops.broadcast_to", tensor, tuple(found[0]))
    shape = tensor.shape or ()
    own = (1,) * (len(found[0]) - len(shape)) + shape
    target = tuple(1 if each == size else each for each, size in zip(found[0], own, strict=True))
    return _spread(node, lifter, tensor, target)


def _spread(
    node: Any, lifter: Lifter, tensor: Tensor, target: tuple[int | Dimension, ...]
) -> Tensor | None:
    """Returns a tensor repeated along axes, some of sizes that are not known before: plus zeros."""
    if not any(isinstance(each, Dimension) for each in target):
        return tensor
    zeros = _sizes.filled(node, lifter, target, 0, tensor.dtype)
    return None if zeros is None else lifter.operation(node, "+", tensor, zeros)


PATTERNS = (
    Pattern("range", ("Range",), range_, "keras.ops.arange"),
    Pattern("one number", ("Fill",), fill, "keras.ops.full, keras.ops.zeros_like"),
    Pattern("repetition", ("Tile",), tile, "keras.ops.tile"),
    Pattern("larger shape", ("BroadcastTo",), broadcast, "keras.ops.broadcast_to"),
)
