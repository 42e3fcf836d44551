"""Lifts zeros around images and sequences to a padding layer."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value
from tf_recipes.convert.patterns import _layout, _spatial


def zero_padding(node: Any, lifter: Lifter) -> Value | None:
    """Lifts padding with zeros along the spatial axes alone."""
    name, amounts = lifter.view.inputs(node.name)[:2]
    tensor, numbers = lifter.tensor(name), lifter.constant(amounts)
    rank = lifter.view.rank(name)
    if tensor is None or numbers is None or rank not in (3, 4, 5):
        return None
    if node.op == "PadV2" and lifter.scalar(node.input[2]) != 0:
        return None
    ends = [tuple(int(each) for each in pair) for pair in numbers]
    inner = _layout.last(tensor)
    first = inner is not None and not any(ends[1])
    spatial = ends[2:] if first else ends[1:-1]
    if any(map(any, (ends[0], ends[1] if first else ends[-1]))) or not any(map(any, spatial)):
        return None
    shape = lifter.view.shape(node.name)
    result = lifter.layer(
        node,
        f"keras.layers.ZeroPadding{rank - 2}D",
        inner if inner is not None and first else tensor,
        [_amounts(spatial)],
        scope=_spatial.scope_of(node),
        shape=_layout.shape_last(shape) if first else shape,
    )
    return _layout.to_first(node, lifter, result) if first else result


def _amounts(spatial: list[tuple[int, ...]]) -> Any:
    """Returns the argument `padding` of Keras, as short as it can be."""
    if len(spatial) == 1:
        return _spatial.same_or_tuple(spatial[0])
    if all(low == high for low, high in spatial):
        return _spatial.same_or_tuple([low for low, _ in spatial])
    return tuple(spatial)


PATTERNS = (
    Pattern(
        "zero padding", ("Pad", "PadV2"), zero_padding, "keras.layers.ZeroPadding2D(…)", order=40
    ),
)
