"""Lifts the resizing of images, in the three ways in which TF1 places pixels."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Dimension, Unknown, Value
from tf_recipes.convert.patterns import _spatial, shapes
from tf_recipes.convert.program.expressions import Tensor

KINDS = {
    "ResizeBilinear": "bilinear",
    "ResizeNearestNeighbor": "nearest",
    "ResizeBicubic": "bicubic",
    "ResizeArea": "area",
}


def resize(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a resizing: to Keras' own where pixels lie alike, else to a function in the code."""
    tensor, found = lifter.tensor(node.input[0]), shapes.sizes(node.input[1], lifter)
    if tensor is None or found is None or tensor.shape is None:
        return None
    corners = bool(lifter.view.attribute(node.name, "align_corners"))
    centers = bool(lifter.view.attribute(node.name, "half_pixel_centers"))
    kind = KINDS[node.op]
    before, after = tensor.shape[1:3], found[0]
    factors = [_factor(tensor, k + 1, size) for k, size in enumerate(after)]
    upsampled = kind == "nearest" or (kind == "bilinear" and centers)
    if None not in factors and not corners and upsampled:
        # repeated pixels are the same wherever their centres lie
        return lifter.layer(
            node,
            "keras.layers.UpSampling2D",
            tensor,
            [_spatial.same_or_tuple(factors)],  # type: ignore[arg-type]
            {"interpolation": None if kind == "nearest" else kind},
            scope=_spatial.scope_of(node),
        )
    if not all(isinstance(each, int) for each in after):
        return Unknown(node.name, node.op, "has a size that is not known")
    size = tuple(int(each) for each in after if isinstance(each, int))
    if centers and kind != "bicubic":
        return lifter.operation(node, "keras.ops.image.resize", tensor, size, interpolation=kind)
    if None in before:
        return Unknown(node.name, node.op, "takes images of a size that is not known")
    return lifter.operation(
        node,
        f"resize_{kind}",
        tensor,
        *size,
        align_corners=corners or None,
        centers=centers or None,
    )


def _factor(tensor: Tensor, axis: int, size: int | Dimension) -> int | None:
    """Returns the whole number by which an axis grows, or None."""
    before = tensor.shape[axis] if tensor.shape else None
    if isinstance(size, Dimension):
        same = size.tensor == tensor and size.axis == axis and len(size.times) == 1
        return size.times[0] if same and isinstance(size.times[0], int) else None
    if not before or size % before:
        return None
    return size // before


PATTERNS = (
    Pattern(
        "resizing",
        tuple(KINDS),
        resize,
        "keras.layers.UpSampling2D(…), keras.ops.image.resize, or a function such as resize_area",
    ),
)
