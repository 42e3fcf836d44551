"""Lifts the exchange of pixels and channels, as in super-resolution and YOLO."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value

FUNCTIONS = {
    "DepthToSpace": "keras.ops.depth_to_space",
    "SpaceToDepth": "keras.ops.space_to_depth",
}


def exchange(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the exchange for images with channels last."""
    tensor = lifter.tensor(node.input[0])
    layout = lifter.view.attribute(node.name, "data_format") or "NHWC"
    if tensor is None or layout != "NHWC" or tensor.shape is None:
        return None
    size = int(lifter.view.attribute(node.name, "block_size"))
    return lifter.operation(node, FUNCTIONS[node.op], tensor, size)


PATTERNS = (
    Pattern(
        "exchange of pixels and channels",
        tuple(FUNCTIONS),
        exchange,
        "keras.ops.depth_to_space, keras.ops.space_to_depth",
    ),
)
