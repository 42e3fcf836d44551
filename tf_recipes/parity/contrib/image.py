"""Implements the part of `tensorflow.contrib.image` that the augmentation's TF1 code uses.

The kernel is TF1's own, `ImageProjectiveTransformV2`; this module computes the kernel's arguments.
Images are (batch, height, width, channels), (height, width, channels) or (height, width).
"""

import types
from typing import Any

import tensorflow as tensorflow2

from tf_recipes._support.validation import fail

tf = tensorflow2.compat.v1

_DTYPES = tf.uint8, tf.int32, tf.int64, tf.float16, tf.float32, tf.float64


def namespace() -> types.SimpleNamespace:
    """Returns the replacement of the module `tensorflow.contrib.image`."""
    return types.SimpleNamespace(rotate=rotate, transform=transform, translate=translate)


def transform(
    images: Any,
    transforms: Any,
    interpolation: str = "NEAREST",
    output_shape: Any = None,
    name: str | None = None,
) -> Any:
    """Moves pixels: the output at (x, y) is the input at (a0 x + a1 y + a2, b0 x + b1 y + b2).

    Both coordinates are divided by c0 x + c1 y + 1. A row of `transforms` is
    (a0, a1, a2, b0, b1, b2, c0, c1). Pixels outside the input are 0.
    """
    with tf.name_scope(name, "transform"):
        images = tf.convert_to_tensor(images)
        batch = _batch(images)
        outputs = tf.raw_ops.ImageProjectiveTransformV2(
            images=batch,
            transforms=_for_each(transforms, 1, "transforms"),
            output_shape=tf.shape(batch)[1:3] if output_shape is None else output_shape,
            interpolation=_upper_case(interpolation),
        )
        return _like(images, outputs)


def translate(
    images: Any, translations: Any, interpolation: str = "NEAREST", name: str | None = None
) -> Any:
    """Moves image k by `translations[k]`, or all by one vector: pixels to the right and down."""
    with tf.name_scope(name, "translate"):
        dx, dy = tf.unstack(_for_each(translations, 1, "translations"), axis=1)
        return transform(images, _rows(1, 0, -dx, 0, 1, -dy), interpolation)


def rotate(
    images: Any, angles: Any, interpolation: str = "NEAREST", name: str | None = None
) -> Any:
    """Turns image k about its centre by `angles[k]`, or all by one: radians counterclockwise."""
    with tf.name_scope(name, "rotate"):
        images, angles = tf.convert_to_tensor(images), _for_each(angles, 0, "angles")
        sides = tf.unstack(tf.shape(_batch(images))[1:3])
        height, width = (tf.cast(size, tf.float32) - 1 for size in sides)
        cos, sin = tf.cos(angles), tf.sin(angles)
        x_offset = (width - (cos * width - sin * height)) / 2
        y_offset = (height - (sin * width + cos * height)) / 2
        rows = _rows(cos, -sin, x_offset, sin, cos, y_offset)
        return transform(images, rows, interpolation)


def _upper_case(interpolation: str) -> str:
    """Returns the interpolation's name in capitals, and refuses others.

    The kernel would take another name without an error, and compute an undefined result.
    """
    if interpolation.upper() not in ("NEAREST", "BILINEAR"):
        fail(
            "`interpolation` must be NEAREST or BILINEAR.",
            f"interpolation={interpolation!r}",
            "Pass one of these names.",
        )
    return interpolation.upper()


def _batch(images: Any) -> Any:
    """Returns the images with all four axes."""
    if images.dtype not in _DTYPES:
        fail(
            "`images` must have a dtype that the kernel takes: "
            f"{', '.join(dtype.name for dtype in _DTYPES)}.",
            f"dtype {images.dtype.name}",
            "Cast the images.",
        )
    rank = images.shape.rank
    if rank not in (2, 3, 4):
        fail("`images` must have rank 2, 3 or 4.", f"shape {images.shape}", "Reshape the images.")
    images = images[..., None] if rank == 2 else images
    return images if rank == 4 else images[None]


def _like(images: Any, outputs: Any) -> Any:
    """Returns the outputs without the axes that the images lack."""
    outputs = outputs if images.shape.rank == 4 else outputs[0]
    return outputs[..., 0] if images.shape.rank == 2 else outputs


def _for_each(values: Any, rank: int, argument: str) -> Any:
    """Returns float32 values with a leading axis; its length is 1 for one value for all images."""
    values = tf.convert_to_tensor(values, tf.float32)
    if values.shape.rank not in (rank, rank + 1):
        fail(
            f"`{argument}` must have rank {rank} or {rank + 1}.",
            f"shape {values.shape}",
            "Pass one value for all images, or a list with one value for each image.",
        )
    return values if values.shape.rank == rank + 1 else values[None]


def _rows(*coefficients: Any) -> Any:
    """Stacks six numbers or tensors (batch,) into (batch, 8); the perspective's two are 0."""
    like = sum(coefficients)  # a tensor, because one coefficient is a tensor
    return tf.stack([value + tf.zeros_like(like) for value in (*coefficients, 0, 0)], axis=1)
