"""Lifts pooling: the largest entry or the mean of neighbours, in one to three dimensions."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value
from tf_recipes.convert.patterns import _layout, _spatial
from tf_recipes.convert.patterns._spatial import Window

KINDS = {
    "MaxPool": "MaxPooling",
    "MaxPoolV2": "MaxPooling",
    "MaxPoolWithArgmax": "MaxPooling",
    "MaxPool3D": "MaxPooling",
    "AvgPool": "AveragePooling",
    "AvgPool3D": "AveragePooling",
}


def pooling(node: Any, lifter: Lifter) -> Value | None:
    """Lifts pooling as it is."""
    return _lifted(node, lifter, _spatial.window(node, lifter, lifter.view.inputs(node.name)[0]))


def of_one_dimension(node: Any, lifter: Lifter) -> Value | None:
    """Lifts pooling in two dimensions, one of which TF1 adds and removes again."""
    if _spatial.inner_op(node, lifter) not in ("MaxPool", "MaxPoolV2", "AvgPool"):
        return None
    found = _spatial.window_of_1d(node, lifter, taken=0)
    return None if found is None else _lifted(node, lifter, found)


def _lifted(node: Any, lifter: Lifter, window: Window) -> Value | None:
    view, name = lifter.view, window.node.name
    tensor = lifter.tensor(window.source)
    if view.op(name) == "MaxPoolV2":
        numbers = [lifter.constant(each) for each in view.inputs(name)[1:]]
        if any(each is None for each in numbers):
            return None
        sizes, strides = ([int(each) for each in number] for number in numbers)
    else:
        sizes, strides = view.attribute(name, "ksize"), view.attribute(name, "strides")
    padding = str(view.attribute(name, "padding")).lower()
    if tensor is None or padding not in ("same", "valid"):
        return None
    if {*window.others(sizes), *window.others(strides)} != {1}:
        return None
    size, stride = window.spatial(sizes), window.spatial(strides)
    if window.first:
        tensor = _layout.to_last(node, lifter, tensor)
    result = lifter.layer(
        node,
        f"keras.layers.{KINDS[view.op(name)]}{len(size)}D",
        tensor,
        [_spatial.same_or_tuple(size)],
        {
            "strides": None if size == stride else _spatial.same_or_tuple(stride),
            "padding": None if padding == "valid" else padding,
        },
        scope=_spatial.scope_of(window.node),
        shape=window.shape(view.shape(node.name)),
    )
    return _layout.to_first(node, lifter, result) if window.first else result


PATTERNS = (
    Pattern("pooling", tuple(KINDS), pooling, "keras.layers.MaxPooling2D(…), AveragePooling2D"),
    Pattern(
        "pooling in one dimension",
        ("Squeeze",),
        of_one_dimension,
        "keras.layers.MaxPooling1D(…), AveragePooling1D",
        order=20,
    ),
)
