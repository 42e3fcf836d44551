"""Holds what the patterns of convolutions and pooling share: layouts, strides and 1-D inputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.patterns import _layout
from tf_recipes.graph.nodes import node_of


@dataclasses.dataclass(frozen=True)
class Window:
    """Holds where an operation of neighbouring entries takes its input, and in which layout.

    Attributes:
        node: the node of the operation.
        source: the tensor of the graph that a Keras layer takes.
        unused: the place, among the spatial axes, of the axis that TF1 adds to 1-D inputs; None
            where TF1 adds no axis.
        first: whether the channels are the axis after the rows.
    """

    node: Any
    source: str
    unused: int | None
    first: bool

    def spatial(self, entries: Sequence[Any]) -> tuple[Any, ...]:
        """Returns the entries of a vector, one an axis, that belong to the spatial axes."""
        return self.own(tuple(entries[2:]) if self.first else tuple(entries[1:-1]))

    def own(self, entries: Sequence[Any]) -> tuple[Any, ...]:
        """Returns the entries, one a spatial axis, without that of the added axis."""
        return tuple(each for k, each in enumerate(entries) if k != self.unused)

    def others(self, entries: Sequence[Any]) -> tuple[Any, ...]:
        """Returns the entries of a vector, one an axis, of the axes of rows and channels."""
        return (entries[0], entries[1] if self.first else entries[-1])

    def shape(self, found: tuple[int | None, ...] | None) -> tuple[int | None, ...] | None:
        """Returns the shape of a result with its channels last."""
        return _layout.shape_last(found) if self.first else found


def window(node: Any, lifter: Lifter, source: str) -> Window:
    """Returns the window of a node whose inputs have all their axes.

    Args:
        node: the node of the operation.
        lifter: the lifter.
        source: the tensor that the operation takes.
    """
    layout = lifter.view.attribute(node.name, "data_format") or "NHWC"
    return Window(node, source, None, layout.startswith("NC"))


def window_of_1d(node: Any, lifter: Lifter, taken: int, inner: Any | None = None) -> Window | None:
    """Returns the window of a 2-D operation between an added axis and a `Squeeze` of that axis.

    Args:
        node: the `Squeeze`.
        lifter: the lifter.
        taken: the place of the tensor among the inputs of the operation.
        inner: the node of the operation; None for the one before the `Squeeze`.

    Returns:
        None where the input had the axis before.
    """
    view = lifter.view
    inner = inner or view.node(node.input[0])
    squeezed = [int(axis) for axis in view.attribute(node.name, "squeeze_dims") or ()]
    added = view.behind(inner.input[taken])
    if view.op(added) != "ExpandDims" or len(squeezed) != 1 or view.uses(f"{inner.name}:0") != 1:
        return None
    source, axis = view.inputs(added)
    place, rank = lifter.scalar(axis), view.rank(added)
    if place is None or rank != 4 or place % rank != squeezed[0] % rank:
        return None
    layout = view.attribute(inner.name, "data_format") or "NHWC"
    first = layout.startswith("NC")
    unused = place % rank - (2 if first else 1)
    return Window(inner, source, unused, first) if unused in (0, 1) else None


def same_or_tuple(entries: Sequence[int]) -> int | tuple[int, ...]:
    """Returns one number for entries that are all equal, else a tuple.

    >>> same_or_tuple((2, 2)), same_or_tuple((1, 2))
    (2, (1, 2))
    """
    return entries[0] if len(set(entries)) == 1 else tuple(entries)


def unless(entries: Sequence[int], default: int) -> int | tuple[int, ...] | None:
    """Returns `same_or_tuple(entries)`, or None where all entries are the default."""
    found = same_or_tuple(entries)
    return None if found == default else found


def scope_of(node: Any) -> str:
    """Returns the scope of a layer without weights: its node, without the operation's name."""
    return str(node.name).removesuffix(f"/{node.op}")


def inner_op(node: Any, lifter: Lifter) -> str:
    """Returns the operation whose first output a node takes."""
    name = lifter.view.inputs(node.name)[0]
    return lifter.view.op(name) if name == f"{node_of(name)}:0" else ""
