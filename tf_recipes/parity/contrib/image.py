"""The small part of `tensorflow.contrib.image` that the augmentation's TF1 code uses.

The kernel is TF1's own, `ImageProjectiveTransformV2`; here is only what leads to it. Images are
(batch, height, width, channels), or one of them without its batch or its channels.
"""

import types

import tensorflow as tensorflow2

from tf_recipes._support.validation import fail

tf = tensorflow2.compat.v1

_DTYPES = tf.uint8, tf.int32, tf.int64, tf.float16, tf.float32, tf.float64


def namespace():
    """What stands for the module `tensorflow.contrib.image`."""
    return types.SimpleNamespace(rotate=rotate, transform=transform, translate=translate)


def transform(images, transforms, interpolation="NEAREST", output_shape=None, name=None):
    """The pixel at (x, y) comes from (a0 x + a1 y + a2, b0 x + b1 y + b2); from outside comes 0.

    Both are divided by c0 x + c1 y + 1; a row of `transforms` is (a0, a1, a2, b0, b1, b2, c0, c1).
    """
    with tf.name_scope(name, "transform"):
        images = tf.convert_to_tensor(images)
        batch = _batch(images)
        outputs = tf.raw_ops.ImageProjectiveTransformV2(
            images=batch,
            transforms=_for_each(transforms, 1, "transforms"),
            output_shape=tf.shape(batch)[1:3] if output_shape is None else output_shape,
            interpolation=_known(interpolation),
        )
        return _like(images, outputs)


def translate(images, translations, interpolation="NEAREST", name=None):
    """Moves image k by `translations[k]`, or all by one vector: pixels to the right and down."""
    with tf.name_scope(name, "translate"):
        dx, dy = tf.unstack(_for_each(translations, 1, "translations"), axis=1)
        return transform(images, _rows(1, 0, -dx, 0, 1, -dy), interpolation)


def rotate(images, angles, interpolation="NEAREST", name=None):
    """Turns image k by `angles[k]`, or all by one: radians counterclockwise, about the centre."""
    with tf.name_scope(name, "rotate"):
        images, angles = tf.convert_to_tensor(images), _for_each(angles, 0, "angles")
        sizes = tf.unstack(tf.shape(_batch(images))[1:3])
        height, width = (tf.cast(size, tf.float32) - 1 for size in sizes)
        cos, sin = tf.cos(angles), tf.sin(angles)
        x_offset = (width - (cos * width - sin * height)) / 2
        y_offset = (height - (sin * width + cos * height)) / 2
        rows = _rows(cos, -sin, x_offset, sin, cos, y_offset)
        return transform(images, rows, interpolation)


def _known(interpolation):
    """In capitals; the kernel would take another name, and compute anything."""
    if interpolation.upper() not in ("NEAREST", "BILINEAR"):
        fail("There is NEAREST and BILINEAR.", repr(interpolation), "Use one of them.")
    return interpolation.upper()


def _batch(images):
    """The images with all four axes."""
    if images.dtype not in _DTYPES:
        fail("The images have a dtype without a kernel.", images.dtype.name, "Cast them.")
    rank = images.shape.rank
    if rank not in (2, 3, 4):
        fail("Images must have rank 2, 3 or 4.", f"shape {images.shape}", "Reshape them.")
    images = images[..., None] if rank == 2 else images
    return images if rank == 4 else images[None]


def _like(images, outputs):
    """The outputs without the axes that the images lack."""
    outputs = outputs if images.shape.rank == 4 else outputs[0]
    return outputs[..., 0] if images.shape.rank == 2 else outputs


def _for_each(values, rank, what):
    """float32 with a leading axis, of length 1 where one value of that rank is for all images."""
    values = tf.convert_to_tensor(values, tf.float32)
    if values.shape.rank not in (rank, rank + 1):
        rule = f"The {what} must have rank {rank} or {rank + 1}."
        fail(rule, f"shape {values.shape}", "Give one for all images, or one for each.")
    return values if values.shape.rank == rank + 1 else values[None]


def _rows(*coefficients):
    """(batch, 8) from six numbers or tensors (batch,); the last two, of the perspective, are 0."""
    like = sum(coefficients)  # a tensor, because one of them is
    return tf.stack([value + tf.zeros_like(like) for value in (*coefficients, 0, 0)], axis=1)
