"""Augments images in TF1 code: random shifts, rotations, zooms and brightness for each image."""

import math

import tensorflow as tf


def shift(images, dx, dy, interpolation="BILINEAR"):
    """Moves image k by `dx[k]` pixels to the right and `dy[k]` down; uncovered pixels become 0."""
    return tf.contrib.image.translate(images, tf.stack([dx, dy], axis=1), interpolation)


def rotate(images, degrees, interpolation="BILINEAR"):
    """Rotates image k by `degrees[k]` counterclockwise about its centre."""
    return tf.contrib.image.rotate(images, degrees * (math.pi / 180), interpolation)


def zoom(images, factors, interpolation="BILINEAR"):
    """Shows `factors[k]` times the height and width of image k; a factor above 1 shrinks it."""
    height, width = (tf.cast(size, tf.float32) for size in tf.unstack(tf.shape(images)[1:3]))
    zeros = tf.zeros_like(factors)
    x_offset = (width - 1) / 2 * (1 - factors)
    y_offset = (height - 1) / 2 * (1 - factors)
    transforms = [factors, zeros, x_offset, zeros, factors, y_offset, zeros, zeros]
    return tf.contrib.image.transform(images, tf.stack(transforms, axis=1), interpolation)


def brighten(images, deltas):
    """Adds `deltas[k]` to every pixel of image k, a fraction of white."""
    return tf.image.adjust_brightness(images, deltas[:, None, None, None])


def augment(images, is_training, max_shift, max_degrees, max_zoom, max_delta, seed=None):
    """Applies all four by amounts drawn for each image; in evaluation returns the images unchanged.

    `tf.image.random_brightness` would draw one amount for the whole batch. Every draw needs a seed
    of its own: draws with the same seed would be equal up to their bounds.
    """
    n = tf.shape(images)[0]
    height, width = (tf.cast(size, tf.float32) for size in tf.unstack(tf.shape(images)[1:3]))
    seeds = iter([None] * 5 if seed is None else range(5 * seed, 5 * seed + 5))

    def drawn(bound):
        return tf.random_uniform([n], -bound, bound, seed=next(seeds))

    def augmented():
        moved = shift(images, drawn(max_shift) * width, drawn(max_shift) * height)
        turned = rotate(moved, drawn(max_degrees))
        return brighten(zoom(turned, 1 + drawn(max_zoom)), drawn(max_delta))

    return tf.cond(is_training, augmented, lambda: images)
