"""Looks up rows of a table in TF1 code, with a largest norm of the rows that are returned."""

import tensorflow as tf


def lookup(ids, input_dim, output_dim, max_norm=None):
    """Returns the rows `ids` of the table `embeddings`, at most `max_norm` long."""
    table = tf.get_variable("embeddings", (input_dim, output_dim))
    return tf.nn.embedding_lookup(table, ids, max_norm=max_norm)
