"""Lifts global pooling: the mean or the largest entry over all spatial axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value
from tf_recipes.convert.patterns import _layout, _spatial

KINDS = {"Mean": "Average", "Max": "Max"}


def global_pooling(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a reduction over the spatial axes of images, volumes or sequences."""
    name, axes_name = lifter.view.inputs(node.name)
    tensor, axes = lifter.tensor(name), lifter.constant(axes_name)
    rank = lifter.view.rank(name)
    if tensor is None or axes is None or rank not in (3, 4, 5):
        return None
    if not lifter.view.dtype(name).startswith(("float", "bfloat")):
        return None
    reduced = sorted(int(axis) % rank for axis in np.atleast_1d(axes))
    keep, first = bool(lifter.view.attribute(node.name, "keep_dims")), None
    if reduced != list(range(1, rank - 1)):
        first = _layout.last(tensor)
        if reduced != list(range(2, rank)) or first is None:
            return None
        tensor = first
    turned = first is not None and keep
    shape = _layout.shape_last(lifter.view.shape(node.name)) if turned else None
    result = lifter.layer(
        node,
        f"keras.layers.Global{KINDS[node.op]}Pooling{rank - 2}D",
        tensor,
        (),
        {"keepdims": True if keep else None},
        scope=_spatial.scope_of(node),
        shape=shape,
    )
    return _layout.to_first(node, lifter, result) if turned else result


PATTERNS = (
    Pattern(
        "global pooling",
        tuple(KINDS),
        global_pooling,
        "keras.layers.GlobalAveragePooling2D(), GlobalMaxPooling2D",
        order=20,
    ),
)
