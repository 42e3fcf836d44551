"""Holds lines that the code of the graphs in `programs/partitions.py` has."""

LINES = {
    "parts_lookups": [
        'mod = keras.layers.Embedding(14, 4, name="mod")(ids)',
        'div = keras.layers.Embedding(14, 5, name="div")(ids)',
        'by_size = keras.layers.Embedding(14, 2, name="by_size")(strided_slice)',
        'resources = keras.layers.Embedding(14, 2, name="resources")(strided_slice)',
        'hand = keras.layers.Embedding(14, 3, name="hand")(ids)',
    ],
    "parts_tied": [
        "embedding_lookup = keras.ops.take(table, ids, axis=0)",
        "transpose = keras.ops.transpose(table)",
    ],
    "parts_layers": [
        'contrib_hidden = keras.layers.Dense(5, activation="relu", name="contrib_hidden")(x)',
        'core_norm = keras.layers.BatchNormalization(name="core_norm")(core_conv)',
    ],
}
