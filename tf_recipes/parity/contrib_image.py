"""The small part of `tensorflow.contrib.image` that the augmentation's TF1 code uses.

The kernel is TF1's own, `ImageProjectiveTransformV2`; here is only what leads to it. Images are
(batch, height, width, channels).
"""

import types

import tensorflow as tensorflow2

tf = tensorflow2.compat.v1


def namespace():
    """What stands for the module `tensorflow.contrib.image`."""
    return types.SimpleNamespace(rotate=rotate, transform=transform, translate=translate)


def transform(images, transforms, interpolation="NEAREST"):
    """The pixel at (x, y) comes from (a0 x + a1 y + a2, b0 x + b1 y + b2); from outside comes 0."""
    images = tf.convert_to_tensor(images)
    return tf.raw_ops.ImageProjectiveTransformV2(
        images=images,
        transforms=tf.convert_to_tensor(transforms, tf.float32),
        output_shape=tf.shape(images)[1:3],
        interpolation=interpolation,
    )


def translate(images, translations, interpolation="NEAREST"):
    """Moves image k by `translations[k]`, pixels to the right and down."""
    dx, dy = tf.unstack(tf.convert_to_tensor(translations, tf.float32), axis=1)
    return transform(images, _rows(1, 0, -dx, 0, 1, -dy), interpolation)


def rotate(images, angles, interpolation="NEAREST"):
    """Turns image k by `angles[k]`, radians counterclockwise, about its centre."""
    images, angles = tf.convert_to_tensor(images), tf.convert_to_tensor(angles, tf.float32)
    height, width = (tf.cast(size - 1, tf.float32) for size in tf.unstack(tf.shape(images)[1:3]))
    cos, sin = tf.cos(angles), tf.sin(angles)
    x_offset = (width - (cos * width - sin * height)) / 2
    y_offset = (height - (sin * width + cos * height)) / 2
    return transform(images, _rows(cos, -sin, x_offset, sin, cos, y_offset), interpolation)


def _rows(*coefficients):
    """(batch, 8) from six numbers or tensors (batch,); the last two, of the perspective, are 0."""
    like = sum(coefficients)  # a tensor, because one of them is
    return tf.stack([value + tf.zeros_like(like) for value in (*coefficients, 0, 0)], axis=1)
