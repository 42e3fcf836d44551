"""Lifts sums and means of the entries that a mask chooses, as `tf.boolean_mask` does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Dimension, Value
from tf_recipes.convert.patterns import _sizes, shapes
from tf_recipes.convert.program.expressions import Tensor


def reduced(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the sum or the mean of all entries that a mask chooses: the others become zero."""
    found = _chosen(node, lifter)
    if found is None:
        return None
    tensor, mask = found
    kept = lifter.derived(
        node, "keras.ops.where", mask, tensor, 0.0, shape=tensor.shape, dtype=tensor.dtype
    )
    if node.op == "Sum":
        return lifter.operation(node, "keras.ops.sum", kept)
    summed = lifter.derived(node, "keras.ops.sum", kept, shape=(), dtype=tensor.dtype)
    ones = lifter.derived(
        node, "keras.ops.cast", mask, tensor.dtype, shape=mask.shape, dtype=tensor.dtype
    )
    count = lifter.derived(node, "keras.ops.sum", ones, shape=(), dtype=tensor.dtype, scope="count")
    return lifter.operation(node, "/", summed, count)


def _chosen(node: Any, lifter: Lifter) -> tuple[Tensor, Tensor] | None:
    """Returns the tensor of which a node takes entries, and the mask of these entries.

    Returns:
        None where the node takes something else, or leaves an axis.
    """
    view = lifter.view

    def before(tensor: str, op: str) -> Any:
        found = view.node(view.behind(tensor))
        return found if found.op == op and not view.is_input(found.name) else None

    taken = before(node.input[0], "GatherV2") or before(node.input[0], "Gather")
    squeezed = taken and before(taken.input[1], "Squeeze")
    places = squeezed and before(squeezed.input[0], "Where")
    flat_mask = places and before(places.input[0], "Reshape")
    flat = taken and before(taken.input[0], "Reshape")
    axes = lifter.integers(node.input[1])
    if not flat_mask or not flat or not axes or set(axes) - {0, -1}:
        return None
    tensor, rank = lifter.tensor(flat.input[0]), view.rank(flat.input[0])
    found = _sizes_of(flat.input[0], tensor, lifter)
    if tensor is None:  # in a shape that is not known; the entries are those of the one before
        inner = before(flat.input[0], "Reshape")
        tensor = lifter.tensor(inner.input[0]) if inner else None
    if tensor is None or tensor.shape is None or found is None or rank != len(found):
        return None
    mask = lifter.tensor(flat_mask.input[0])
    if mask is None and rank == 2:
        mask = _before_the_ends(node, lifter, flat_mask.input[0], found[1])
    if mask is None or mask.shape is None or len(mask.shape) != rank:
        return None
    if len(tensor.shape) == 1 < rank:
        mask = lifter.derived(
            node, "keras.ops.reshape", mask, (-1,), shape=(None,), dtype="bool", scope="mask"
        )
    return (tensor, mask) if len(tensor.shape) == len(mask.shape or ()) else None


def _sizes_of(name: str, tensor: Tensor | None, lifter: Lifter) -> Sequence[Any] | None:
    """Returns the sizes of a tensor's axes, or None where they are not known."""
    if tensor is not None and tensor.shape is not None:
        return [n if n is not None else Dimension(tensor, k) for k, n in enumerate(tensor.shape)]
    node = lifter.view.node(lifter.view.behind(name))
    found = shapes.sizes(node.input[1], lifter) if node.op == "Reshape" else None
    return None if found is None else found[0]


def _before_the_ends(node: Any, lifter: Lifter, mask: str, width: Any) -> Tensor | None:
    """Returns `tf.sequence_mask` of lengths alone: as wide as the longest series, as a tensor is.

    Args:
        node: the node that the result is for.
        lifter: the lifter.
        mask: the tensor of the graph.
        width: the length of the series, a number or a `Dimension`.
    """
    view = lifter.view
    less = view.node(view.behind(mask))
    if less.op != "Less":
        return None
    steps, column = (view.node(view.behind(each)) for each in less.input)
    if column.op == "Cast":
        column = view.node(view.behind(column.input[0]))
    if steps.op != "Range" or column.op != "ExpandDims":
        return None
    start, step = (lifter.scalar(steps.input[k]) for k in (0, 2))
    lengths = lifter.tensor(column.input[0])
    if (start, step) != (0, 1) or lengths is None or lengths.shape is None:
        return None
    if len(lengths.shape) != 1 or not _is_largest(steps.input[1], column.input[0], lifter):
        return None
    known = width if isinstance(width, int) else None
    numbers = (
        lifter.derived(
            node, "keras.ops.arange", known, shape=(known,), dtype=lengths.dtype, scope="steps"
        )
        if known is not None
        else _sizes.counted(node, lifter, width, lengths.dtype, "steps")
    )
    ends = lifter.derived(
        node,
        "keras.ops.expand_dims",
        lengths,
        axis=-1,
        shape=(lengths.shape[0], 1),
        dtype=lengths.dtype,
    )
    shape = (lengths.shape[0], known)
    return lifter.derived(node, "<", numbers, ends, shape=shape, dtype="bool", scope="mask")


def _is_largest(tensor: str, lengths: str, lifter: Lifter) -> bool:
    """Returns whether a tensor is the largest of some lengths, or 0 if all are less."""
    view = lifter.view
    name = view.behind(tensor, ("Cast",))
    if view.op(name) == "Maximum":
        name = next((e for e in view.inputs(name) if lifter.scalar(e) != 0), name)
        name = view.behind(name, ("Cast",))
    return view.op(name) == "Max" and view.behind(view.inputs(name)[0]) == view.behind(lengths)


PATTERNS = (
    Pattern(
        "sum or mean of chosen entries",
        ("Sum", "Mean"),
        reduced,
        "keras.ops.sum(keras.ops.where(…)) / …",
        order=10,
    ),
)
