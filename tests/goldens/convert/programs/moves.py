"""Builds what stands between layers: moves, reductions, look-ups and products, by graphs of TF1."""

import numpy as np
import tensorflow as tf

CUBE = np.random.RandomState(0).randn(3, 4, 6).astype("f")
ROWS = CUBE[:, 0]
PLACES = np.array([[1, 4, 0], [2, 2, 3], [0, 1, 4]], "i")


def _cube():
    return tf.placeholder(tf.float32, [None, 4, 6], name="X")


def _rows(name="X"):
    return tf.placeholder(tf.float32, [None, 6], name=name)


def _named(tensors):
    return [tf.identity(each, f"out{k}").name for k, each in enumerate(tensors)]


def moves_axes():
    """Exchanged, new, removed and joined axes."""
    x = _cube()
    turned = tf.transpose(x, [0, 2, 1])
    back = tf.transpose(tf.nn.relu(tf.transpose(turned, [1, 0, 2])), [1, 2, 0])
    wide = tf.expand_dims(x, -1)
    outs = [
        turned,
        back,
        tf.squeeze(wide * 2.0, [3]),
        tf.squeeze(wide),
        tf.stack([x, back], axis=2),
    ]
    outs.append(tf.concat([x, tf.ones_like(x), back], axis=-1))
    outs.append(tf.stack(tf.unstack(x, axis=1), axis=0))
    return {"inputs": {"X:0": CUBE}, "outputs": _named(outs)}


def moves_slices():
    """Indices with each mask, slices and splits."""
    x = _cube()
    a, b, c = tf.split(x, 3, axis=2)
    d, e = tf.split(x, [1, -1], axis=1)
    outs = [x[:, -1], x[:, 1:3, ::2], x[..., tf.newaxis, 0], x[1], x[:, ::-1], x[:, :, 2:-1]]
    outs += [tf.slice(x, [0, 1, 2], [-1, 2, 3]), a + c, b, d, e, tf.unstack(x, axis=1)[2]]
    outs.append(x[:, tf.shape(x)[1] - 1])
    return {"inputs": {"X:0": CUBE}, "outputs": _named(outs)}


def moves_padding():
    """Borders, repetitions, reversed axes and triangles."""
    x = _cube()
    outs = [
        tf.pad(x, [[0, 0], [1, 2], [0, 1]]),
        tf.pad(x, [[0, 0], [1, 0], [0, 0]], constant_values=3),
        tf.pad(x, [[0, 0], [1, 2], [2, 0]], mode="REFLECT"),
        tf.pad(x, [[0, 0], [1, 0], [0, 2]], mode="SYMMETRIC"),
        tf.tile(x, [1, 2, 1]),
        tf.reverse(x, [1]),
        tf.matrix_band_part(x, -1, 0),
    ]
    return {"inputs": {"X:0": CUBE}, "outputs": _named(outs)}


def moves_sizes():
    """Tensors with as many rows as a batch: ranges, repeated constants and variables."""
    x = _rows()
    rows = tf.shape(x)[0]
    row = tf.get_variable("row", [1, 6])
    outs = [
        x + tf.tile(row, [rows, 1]),
        tf.to_float(tf.range(rows)) * x[:, 0],
        tf.concat([x, tf.zeros([rows, 2])], axis=1),
        tf.concat([tf.fill(tf.stack([rows, 1]), 2.0), x], axis=1),
        x * tf.reshape(tf.range(6.0), [1, 6]) + tf.constant(np.arange(60.0, dtype="f")[:6]),
        np.arange(6, dtype="f") - x,
    ]
    return {"inputs": {"X:0": ROWS}, "outputs": _named(outs)}


def moves_reductions():
    """Each reduction along one axis, several and all, and the places of extremes."""
    x = _cube()
    positive = tf.abs(x) + 0.5
    outs = [
        tf.reduce_mean(x, 1),
        tf.reduce_sum(x, [1, 2], keepdims=True),
        tf.reduce_max(x),
        tf.reduce_min(x, [-1]),
        tf.reduce_prod(positive, 2),
        tf.to_float(tf.reduce_any(x > 0.5, axis=2)),
        tf.to_float(tf.reduce_all(x > -1.5, axis=[1, 2])),
        tf.cumsum(x, axis=1),
        tf.add_n([x, positive, x]),
        tf.nn.l2_loss(x),
        tf.to_float(tf.argmax(x, 2)) / 2.0,
        tf.to_float(tf.argmin(x, 1, output_type=tf.int32)),
        tf.nn.top_k(x, 2).values,
        tf.nn.top_k(x, 2).indices,
        tf.norm(x, axis=2),
        tf.reduce_logsumexp(x, axis=2),
    ]
    return {"inputs": {"X:0": CUBE}, "outputs": _named(outs)}


def moves_comparisons():
    """Comparisons, selections, casts and one-hot vectors."""
    a, b = _rows("A"), _rows("B")
    best = tf.argmax(a, 1)
    right = tf.equal(best, tf.argmax(b, 1))
    outs = [
        tf.where(a > b, a, b * 0.5),
        tf.cast(tf.logical_and(a > 0, tf.logical_not(b < 0)), tf.float32),
        tf.cast(right, tf.float32),
        tf.one_hot(best, 6),
        tf.to_float(tf.one_hot(best, 6, dtype=tf.int32)),
        tf.gather(b, tf.range(tf.shape(a)[0])),
        tf.one_hot(tf.cast(tf.abs(a[:, 0] * 3), tf.int32), 4, on_value=2.0, off_value=-1.0),
        tf.reduce_sum(tf.one_hot(best, 6) * b, axis=1),
        tf.clip_by_value(a, -0.5, 0.5),
        tf.cast(tf.not_equal(tf.cast(a, tf.int32) % 2, 0), tf.float32),
        tf.floor(a) // 2.0,
        tf.squared_difference(a, b),
    ]
    return {"inputs": {"A:0": ROWS, "B:0": ROWS[::-1].copy()}, "outputs": _named(outs)}


def moves_lookups():
    """Embeddings of variables of both kinds, look-ups in tensors, an entry of each row."""
    x = tf.placeholder(tf.int32, [None, 3], name="X")
    table = tf.get_variable("embedding/table", [5, 4])
    words = tf.nn.embedding_lookup(table, x)
    with tf.variable_scope("ids", use_resource=True):
        other = tf.nn.embedding_lookup(tf.get_variable("table", [5, 2]), x)
    sums = tf.reduce_sum(words, 1)
    action = x[:, 0] % 4
    pairs = tf.stack([tf.range(tf.shape(action)[0]), action], axis=1)
    outs = [
        tf.concat([words, other], axis=2),
        tf.gather_nd(sums, pairs),
        tf.gather(sums, [2, 0], axis=1),
        tf.gather(tf.constant([0.5, 1.5, 2.5, 3.5, 4.5]), x),
        tf.gather_nd(words, tf.stack([x[:, 1] % 3, x[:, 2] % 3], axis=1)),
    ]
    return {"inputs": {"X:0": PLACES}, "outputs": _named(outs)}


def moves_parts():
    """Partitioned variables: a dense layer and an embedding."""
    x = _rows()
    with tf.variable_scope("net", partitioner=tf.fixed_size_partitioner(2)):
        hidden = tf.layers.dense(x, 4, activation=tf.nn.relu, name="hidden")
    whole = tf.get_variable("table", [6, 5], partitioner=tf.fixed_size_partitioner(3, axis=0))
    out = tf.matmul(hidden, tf.convert_to_tensor(whole)[:4]) + tf.reduce_sum(whole)
    return {"inputs": {"X:0": ROWS}, "outputs": _named([hidden, out])}


def moves_attention():
    """Attention with scaled products of queries and keys."""
    x = _cube()
    query, key, value = [tf.layers.dense(x, 4, name=each) for each in ("query", "key", "value")]
    weights = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) / np.sqrt(4.0))
    heads = tf.transpose(tf.reshape(query, [-1, 4, 2, 2]), [0, 2, 1, 3])
    out = tf.layers.dense(tf.matmul(weights, value), 3, activation=tf.nn.tanh, name="out")
    mixed = tf.reshape(
        tf.transpose(tf.matmul(heads, heads, adjoint_b=True), [0, 2, 1, 3]), [-1, 4, 8]
    )
    return {"inputs": {"X:0": CUBE}, "outputs": _named([out, weights, mixed])}


def moves_sequence_dense():
    """Dense layers on sequences in each form: flattened and back, tensordot, a repeated kernel."""
    x = _cube()
    flat = tf.nn.relu(tf.matmul(tf.reshape(x, [-1, 6]), tf.get_variable("W1", [6, 5])))
    first = tf.reshape(flat, [-1, 4, 5])
    w2 = tf.get_variable("W2", [5, 3])
    second = tf.reshape(
        tf.matmul(tf.reshape(first, [-1, 5]), w2) + tf.get_variable("b2", [3]), [-1, 4, 3]
    )
    third = tf.tensordot(second, tf.get_variable("W3", [3, 2]), [[2], [0]])
    kernel = tf.tile(tf.expand_dims(tf.get_variable("W4", [2, 3]), 0), [tf.shape(x)[0], 1, 1])
    fourth = tf.matmul(third, kernel)
    fifth = tf.einsum("abc,cd->abd", fourth, tf.get_variable("W5", [3, 2]))
    return {"inputs": {"X:0": CUBE}, "outputs": _named([second, fifth])}


def moves_tied():
    """A kernel that is transposed by an operation: alone, and beside the same kernel."""
    x = _rows()
    alone = tf.matmul(x, tf.transpose(tf.get_variable("V", [4, 6])))
    w = tf.get_variable("W", [6, 3])
    hidden = tf.nn.tanh(tf.matmul(x, w))
    return {"inputs": {"X:0": ROWS}, "outputs": _named([alone, tf.matmul(hidden, tf.transpose(w))])}


def moves_rarer_axes():
    """Axes with nothing to do, old operations, and variables joined before anything else."""
    x = _cube()
    first, second = (tf.get_variable(name, [2, 6]) for name in ("first", "second"))
    joined = tf.concat([first, second], axis=0)
    outs = [
        tf.squeeze(x),
        x[:] + 1.0,
        tf.split(x, 1, axis=1)[0] * 2.0,
        tf.split(x, [2, 2], axis=1)[1],
        tf.unstack(x[:, :1], axis=1)[0],
        tf.stack([first, second])[0] + x[:, :2],
        x * joined,
        tf.raw_ops.Concat(concat_dim=1, values=[x, x]),
        tf.matrix_band_part(x, 0, -1),
        tf.transpose(x, [0, 1, 2]) + tf.pad(x, [[0, 0], [0, 0], [0, 0]]),
    ]
    return {"inputs": {"X:0": CUBE}, "outputs": _named(outs)}


def moves_rarer_reductions():
    """Among the largest, euclidean norms, sums of one tensor, of variables, and along no axis."""
    x = _cube()
    best = tf.argmax(x[:, 0], 1)
    both = tf.add_n([tf.get_variable("first", [6]), tf.get_variable("second", [6])])
    outs = [
        tf.to_float(tf.nn.in_top_k(x[:, 1], best, 3)),
        tf.to_float(tf.raw_ops.InTopK(predictions=x[:, 1], targets=tf.to_int32(best), k=2)),
        tf.math.reduce_euclidean_norm(x, axis=2),
        tf.math.reduce_euclidean_norm(x, axis=[1, 2], keepdims=True),
        tf.math.reduce_euclidean_norm(x),
        tf.add_n([x]) * both,
        tf.reduce_sum(x, []),
        tf.cumprod(x, axis=2),
    ]
    return {"inputs": {"X:0": CUBE}, "outputs": _named(outs)}


def moves_broadcasts():
    """Larger shapes: of a size that is known, and of the rows of a batch."""
    x = _rows()
    row, number = tf.get_variable("row", [6]), tf.get_variable("number", [])
    width = tf.shape(x)[1:]
    outs = [
        tf.broadcast_to(row, [4, 6])[1] + x,
        tf.broadcast_to(x[:, :1], tf.shape(x)),
        tf.broadcast_to(row, tf.shape(x)) * 2.0,
        x * tf.fill(width, 0.5) - number,
        x * tf.fill(width, 0.25) + tf.fill(width, 0.0),
    ]
    return {"inputs": {"X:0": ROWS}, "outputs": _named(outs)}


def moves_products():
    """Products of stacks with variables: matrices, stacks, repeated in several ways, flipped."""
    x = _cube()
    rows = tf.shape(x)[0]
    stack = tf.get_variable("stack", [1, 6, 3])
    shaped = tf.reshape(tf.get_variable("shaped", [6, 3]), [1, 6, 3])
    other = tf.reshape(tf.get_variable("other", [3, 6]), [1, 6, 3])
    twice = tf.expand_dims(tf.get_variable("twice", [3, 2]), 0)
    matrix, turned = tf.get_variable("matrix", [6, 2]), tf.get_variable("turned", [2, 6])
    outs = [
        tf.raw_ops.BatchMatMulV2(x=x, y=stack),
        tf.matmul(x, tf.tile(shaped, [rows, 1, 1])),
        tf.matmul(x, tf.tile(other, [rows, 1, 1])),
        tf.matmul(x, tf.tile(twice, [rows, 2, 1])),
        tf.raw_ops.BatchMatMulV2(x=x, y=matrix),
        tf.raw_ops.BatchMatMulV2(x=x, y=turned, adj_y=True),
        tf.matmul(x, x, transpose_a=True),
    ]
    return {"inputs": {"X:0": CUBE}, "outputs": _named(outs)}


def moves_regrouped_dense():
    """Dense layers on flattened sequences, whose results become no such sequences again."""
    x = _cube()
    outs = []
    for k, shape in enumerate(([-1, 16], [-1, 2, 8], [-1, 2, 4], [4, tf.shape(x)[0], 4])):
        product = tf.matmul(tf.reshape(x, [-1, 6]), tf.get_variable(f"W{k}", [6, 4]))
        outs.append(tf.reshape(product, shape))
    return {"inputs": {"X:0": CUBE}, "outputs": _named(outs)}


CASES = {name: f for name, f in list(globals().items()) if name.startswith("moves_")}
