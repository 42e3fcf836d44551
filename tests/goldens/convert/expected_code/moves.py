"""Holds lines that the code of the graphs in `programs/moves.py` has."""

LINES = {
    "moves_axes": [
        "ones_like = keras.ops.ones_like(x)",
    ],
    "moves_slices": [
        "strided_slice_2 = x[..., None, 0]",
        "strided_slice_7 = x[:, 3]",
        "slice_ = x[:, 1:3, 2:5]",
    ],
    "moves_padding": ['mirror_pad = keras.ops.pad(x, ((0, 0), (1, 2), (2, 0)), mode="reflect")'],
    "moves_sizes": [
        'ones_like = keras.ops.ones_like(tile, dtype="int32")',
        "cumsum = keras.ops.cumsum(ones_like, axis=0)",
        'sub = keras.ops.subtract(numpy.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "float32"), x)',
    ],
    "moves_reductions": [
        "sum_ = keras.ops.sum(x, axis=(1, 2), keepdims=True)",
        "topkv2 = keras.ops.top_k(x, 2)",
    ],
    "moves_comparisons": [
        "equal = keras.ops.equal(argmax, argmax_1)",
        "one_hot = keras.ops.one_hot(argmax, 6)",
    ],
    "moves_lookups": [
        'embedding = keras.layers.Embedding(5, 4, name="embedding")(x)',
        "take_along_axis = keras.ops.take_along_axis(sum_, expand_dims, axis=1)",
    ],
    "moves_parts": [
        'net_hidden = keras.layers.Dense(4, activation="relu", name="net_hidden")(x)',
        'table = tf_recipes.Weight((6, 5), name="table")(x)',
    ],
    "moves_attention": [
        'query = keras.layers.Dense(4, name="query")(x)',
        "matmul = keras.ops.matmul(query, transpose)",
    ],
    "moves_sequence_dense": [
        'w1 = keras.layers.Dense(5, activation="relu", use_bias=False, name="W1")(x)',
        'w2 = keras.layers.Dense(3, name="W2")(w1)',
        'w3 = keras.layers.Dense(2, use_bias=False, name="W3")(w2)',
        'w4 = keras.layers.Dense(3, use_bias=False, name="W4")(w3)',
        'w5 = keras.layers.Dense(2, use_bias=False, name="W5")(w4)',
    ],
    "moves_tied": [
        'v = keras.layers.Dense(4, use_bias=False, name="V")(x)',
        'w = tf_recipes.Weight((6, 3), name="W")(x)',
    ],
}
