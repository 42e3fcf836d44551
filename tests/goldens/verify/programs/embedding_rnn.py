"""An embedding and `dynamic_rnn` over sequences of known lengths; the global norm is clipped."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["output/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def build():
    ids = tf.placeholder(tf.int32, [None, 7], name="ids")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    table = tf.get_variable("embedding", [11, 6])
    inputs = tf.nn.embedding_lookup(table, ids)
    cell = tf.nn.rnn_cell.BasicRNNCell(10)
    _, state = tf.nn.dynamic_rnn(cell, inputs, sequence_length=lengths, dtype=tf.float32)
    logits = tf.layers.dense(state, 3, name="output")
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(entropy, name="loss")
    optimizer = tf.train.MomentumOptimizer(0.3, 0.9)
    gradients, variables = zip(*optimizer.compute_gradients(loss))
    gradients, _ = tf.clip_by_global_norm(gradients, 0.25)
    optimizer.apply_gradients(zip(gradients, variables))


def feeds(rng):
    return {
        "ids": rng.randint(0, 11, (40, 7)).astype("int32"),
        "lengths": rng.randint(1, 8, 40).astype("int32"),
        "labels": rng.randint(0, 3, 40).astype("int32"),
    }
