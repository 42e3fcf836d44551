"""Makes tensors whose size a model knows only when it runs, such as one number for each row."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.values import Dimension
from tf_recipes.convert.program.expressions import Tensor


def along(node: Any, lifter: Lifter, size: Dimension) -> Tensor:
    """Returns a vector with as many entries as a tensor has along an axis: some of its entries."""
    tensor = size.tensor
    assert tensor.shape is not None  # it has the axis
    rank = len(tensor.shape)
    if rank == 1:
        return tensor
    index = tuple(slice(None) if axis == size.axis else 0 for axis in range(rank))
    while index[-1] == slice(None):
        index = index[:-1]
    return lifter.derived(
        node, "[]", tensor, index, shape=(tensor.shape[size.axis],), dtype=tensor.dtype
    )


def counted(
    node: Any, lifter: Lifter, size: Dimension, dtype: str, scope: str | None = None
) -> Tensor:
    """Returns the whole numbers from 0, as many as a tensor has entries along an axis.

    Args:
        node: the node that the result is for.
        lifter: the lifter.
        size: the number of entries, without factors.
        dtype: the dtype's name.
        scope: the name of the result in the code; the default is the node's.
    """
    vector = along(node, lifter, size)
    shape, other = vector.shape, {"dtype": dtype} if vector.dtype != dtype else {}
    ones = lifter.derived(node, "keras.ops.ones_like", vector, dtype=dtype, shape=shape, also=other)
    summed = lifter.derived(node, "keras.ops.cumsum", ones, axis=0, shape=shape, dtype=dtype)
    return lifter.derived(node, "-", summed, 1, shape=shape, dtype=dtype, scope=scope)


def filled(
    node: Any,
    lifter: Lifter,
    target: tuple[int | Dimension, ...],
    value: Any,
    dtype: str,
) -> Tensor | None:
    """Returns a tensor of one number, with one dimension that is not known before.

    Args:
        node: the node that the result is for.
        lifter: the lifter.
        target: the dimensions.
        value: the number.
        dtype: the dtype's name.

    Returns:
        None for several dimensions that are not known, or a product of such.
    """
    unknown = [axis for axis, each in enumerate(target) if isinstance(each, Dimension)]
    if len(unknown) != 1:
        return None
    size = target[unknown[0]]
    if not isinstance(size, Dimension) or size.times:
        return None
    if value in (0, 1) and _is_shape_of(size.tensor, target):
        like = f"keras.ops.{'ones' if value else 'zeros'}_like"
        other = {"dtype": dtype} if size.tensor.dtype != dtype else {}
        return lifter.derived(
            node, like, size.tensor, shape=size.tensor.shape, dtype=dtype, also=other
        )
    vector = along(node, lifter, size)
    other = {"dtype": dtype} if vector.dtype != dtype else {}
    given: tuple[Any, ...] = (value,) if value else ()
    name = "full_like" if value else "zeros_like"
    result = lifter.derived(
        node, f"keras.ops.{name}", vector, *given, shape=vector.shape, dtype=dtype, also=other
    )
    ones = tuple(-1 if axis == unknown[0] else 1 for axis in range(len(target)))
    shape: Any = tuple(None if each == -1 else each for each in ones)
    if len(target) > 1:
        result = lifter.derived(node, "keras.ops.reshape", result, ones, shape=shape, dtype=dtype)
    counts = tuple(1 if isinstance(each, Dimension) else each for each in target)
    if any(each != 1 for each in counts):
        whole = tuple(None if isinstance(each, Dimension) else each for each in target)
        result = lifter.derived(node, "keras.ops.tile", result, counts, shape=whole, dtype=dtype)
    return result


def _is_shape_of(tensor: Tensor, target: tuple[int | Dimension, ...]) -> bool:
    """Returns whether dimensions are the shape of a tensor."""
    shape = tensor.shape
    if shape is None or len(shape) != len(target):
        return False
    return all(
        each == (size if size is not None else Dimension(tensor, axis))
        for axis, (size, each) in enumerate(zip(shape, target, strict=True))
    )
