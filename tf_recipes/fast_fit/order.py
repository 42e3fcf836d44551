"""Draws the order in which Keras' `fit` visits the rows of arrays."""

import itertools
from collections.abc import Iterator

import tensorflow as tf

# With this many rows or more, two drawn orders are the same by chance once in 20! times.
MIN_ROWS_TO_COMPARE = 20


def epochs(count: int, shuffle: bool) -> Iterator[tf.Tensor]:
    """Yields the order of the rows 0 to `count - 1` for one epoch after another, int64 (count,).

    The orders are those of Keras: after `keras.utils.set_random_seed`, the same rows come at the
    same step. TensorFlow seeds a random operation by its place in its graph, so this graph has the
    same nodes as that of Keras. Keras creates an iterator for each epoch; with a seed, every epoch
    then has the same order. In this case the order is drawn once, because creating an iterator
    takes as long as dozens of steps.

    Args:
        count: int, rows.
        shuffle: bool.
    """

    if not shuffle:
        yield from itertools.repeat(tf.range(count, dtype=tf.int64))

    def permutation(_):
        return tf.random.shuffle(tf.range(count, dtype=tf.int64))

    orders = untuned(tf.data.Dataset.range(1).map(permutation))
    yield (first := next(iter(orders)))
    while count < MIN_ROWS_TO_COMPARE:
        yield next(iter(orders))
    second = next(iter(orders))
    if bool(tf.reduce_all(first == second)):
        yield from itertools.repeat(first)
    yield second
    while True:  # without a seed, any order is right
        yield permutation(None)


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Returns the dataset without autotuning, whose thread costs more than it saves here."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
