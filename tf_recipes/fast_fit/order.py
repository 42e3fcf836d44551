"""The order in which Keras' `fit` visits the rows of arrays."""

import tensorflow as tf


def epochs(count, shuffle):
    """Yields one order of the rows 0 to `count - 1` after the other, int64 (count,).

    They are Keras' own: after `keras.utils.set_random_seed` the same rows come at the same step.
    TensorFlow seeds a random operation by its place in its graph, hence this graph is Keras', node
    for node. (It is also why, once a seed is set, Keras shuffles every epoch alike.)

    Args:
        count: int, rows.
        shuffle: bool.
    """

    def permutation(_):
        rows = tf.range(count, dtype=tf.int64)
        return tf.random.shuffle(rows) if shuffle else rows

    orders = tf.data.Dataset.range(1).map(permutation)
    while True:
        yield next(iter(orders))
