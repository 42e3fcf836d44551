"""Programs whose variables are kept in parts: look-ups, dense layers and convolutions."""

import numpy as np
import tensorflow as tf

RNG = np.random.RandomState(11)
ROWS = RNG.randn(4, 6).astype("f")
WORDS = RNG.randint(0, 14, (4, 3)).astype("i")
IMAGES = RNG.randn(2, 6, 6, 3).astype("f")


def _named(tensors):
    return [tf.identity(each, name=f"out_{k}").name for k, each in enumerate(tensors)]


def parts_lookups():
    """Embeddings in parts of both strategies, whose sizes differ, by ids of one and two axes."""
    ids = tf.placeholder(tf.int32, [None, 3], name="ids")
    third = tf.fixed_size_partitioner(3)
    mod = tf.get_variable("mod/table", [14, 4], partitioner=third)
    div = tf.get_variable("div/table", [14, 5], partitioner=third)
    by_size = tf.get_variable(
        "by_size/table", [14, 2], partitioner=tf.min_max_variable_partitioner(4, 0, 1 << 5)
    )
    with tf.variable_scope("resources", use_resource=True):
        other = tf.get_variable("table", [14, 2], partitioner=third)
    by_hand = [tf.get_variable(f"hand_{k}", [7, 3]) for k in range(2)]
    first = ids[:, 0]
    outs = [
        tf.nn.embedding_lookup(mod, ids),
        tf.nn.embedding_lookup(div, ids, partition_strategy="div"),
        tf.nn.embedding_lookup(by_size, first, partition_strategy="div"),
        tf.nn.embedding_lookup(other, first),
        tf.nn.embedding_lookup(by_hand, tf.cast(ids, tf.int64)),
    ]
    return {"inputs": {"ids:0": WORDS}, "outputs": _named(outs)}


def parts_tied():
    """A table in parts that is looked up, and multiplied with as a kernel."""
    ids = tf.placeholder(tf.int32, [None], name="ids")
    table = tf.get_variable("table", [14, 4], partitioner=tf.fixed_size_partitioner(4))
    words = tf.nn.embedding_lookup(table, ids, partition_strategy="div")
    logits = tf.matmul(tf.tanh(words), tf.convert_to_tensor(table), transpose_b=True)
    return {"inputs": {"ids:0": WORDS[:, 0]}, "outputs": _named([words, logits])}


def parts_layers():
    """Dense layers and convolutions whose kernels and biases are in parts along any axis."""
    x = tf.placeholder(tf.float32, [None, 6], name="X")
    images = tf.placeholder(tf.float32, [None, 6, 6, 3], name="images")
    with tf.variable_scope("contrib", partitioner=tf.fixed_size_partitioner(2)):
        contrib = tf.contrib.layers.fully_connected(x, 5, scope="hidden")
        conv = tf.contrib.layers.conv2d(images, 4, 3, scope="conv")
    with tf.variable_scope("layers", partitioner=tf.fixed_size_partitioner(2, axis=1)):
        kernel = tf.get_variable("kernel", [6, 4])
    dense = tf.sigmoid(tf.matmul(x, kernel))
    with tf.variable_scope("core", partitioner=tf.variable_axis_size_partitioner(64)):
        deep = tf.layers.conv2d(images, 4, 3, strides=2, padding="same", name="conv")
        normed = tf.layers.batch_normalization(deep, name="norm")
    return {
        "inputs": {"X:0": ROWS, "images:0": IMAGES},
        "outputs": _named([contrib, dense, conv, normed]),
    }


def parts_sparse():
    """Look-ups by sparse ids, whose entries are summed for each row."""
    ids = tf.sparse_placeholder(tf.int64, [None, 4], name="ids")
    table = tf.get_variable("table", [14, 4])
    summed = tf.nn.embedding_lookup_sparse(table, ids, None, combiner="sum")
    safe = tf.nn.safe_embedding_lookup_sparse(table, ids, None, combiner="sqrtn")
    return {
        "inputs": {
            "ids/indices:0": np.array([[0, 0], [0, 2], [1, 1], [2, 0]], "i8"),
            "ids/values:0": np.array([3, 1, 13, 3], "i8"),
            "ids/shape:0": np.array([3, 4], "i8"),
        },
        "outputs": _named([summed, safe]),
    }


CASES = {f.__name__: f for f in (parts_lookups, parts_tied, parts_layers, parts_sparse)}
