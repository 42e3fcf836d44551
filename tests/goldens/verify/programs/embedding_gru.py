"""An embedding and a GRU over sequences of known lengths, trained by Adam."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["output/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def build():
    words = tf.placeholder(tf.int32, [None, 6], name="words")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    labels = tf.placeholder(tf.float32, [None, 1], name="labels")
    with tf.variable_scope("encoder"):
        table = tf.get_variable("embedding", [13, 5])
        inputs = tf.nn.embedding_lookup(table, words)
        cell = tf.nn.rnn_cell.GRUCell(8)
        _, state = tf.nn.dynamic_rnn(cell, inputs, lengths, dtype=tf.float32)
    logits = tf.layers.dense(state, 1, name="output")
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(entropy, name="loss")
    tf.train.AdamOptimizer(0.02).minimize(loss)


def feeds(rng):
    return {
        "words": rng.randint(0, 13, (40, 6)).astype("int32"),
        "lengths": rng.randint(1, 7, 40).astype("int32"),
        "labels": rng.randint(0, 2, (40, 1)).astype("float32"),
    }
