"""A GRU over sequences of known lengths; the last output of each is gathered by its index."""

import numpy as np
import tensorflow as tf

LOSS = "cost:0"
OUTPUTS = ["pred:0"]
TRAIN = {}
EVAL = {}


def dynamicRNN(x, seqlen, weights, biases, seq_max_len, n_hidden):
    cell = tf.contrib.rnn.GRUCell(n_hidden)
    outputs, states = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, sequence_length=seqlen)
    batch_size = tf.shape(outputs)[0]
    index = tf.range(0, batch_size) * seq_max_len + (seqlen - 1)
    outputs = tf.gather(tf.reshape(outputs, [-1, n_hidden]), index)
    return tf.add(tf.matmul(outputs, weights["out"]), biases["out"], name="pred")


def build(seq_max_len=6, n_hidden=7, n_classes=3):
    x = tf.placeholder("float", [None, seq_max_len, 2], name="x")
    y = tf.placeholder("float", [None, n_classes], name="y")
    seqlen = tf.placeholder(tf.int32, [None], name="seqlen")
    weights = {"out": tf.Variable(tf.random_normal([n_hidden, n_classes]))}
    biases = {"out": tf.Variable(tf.random_normal([n_classes]))}
    pred = dynamicRNN(x, seqlen, weights, biases, seq_max_len, n_hidden)
    entropy = tf.nn.softmax_cross_entropy_with_logits_v2(logits=pred, labels=y)
    cost = tf.reduce_mean(entropy, name="cost")
    tf.train.GradientDescentOptimizer(learning_rate=0.1).minimize(cost)
    correct_pred = tf.equal(tf.argmax(pred, 1), tf.argmax(y, 1))
    tf.reduce_mean(tf.cast(correct_pred, tf.float32), name="accuracy")


def feeds(rng):
    return {
        "x": rng.randn(40, 6, 2).astype("float32"),
        "y": np.eye(3, dtype="float32")[rng.randint(0, 3, 40)],
        "seqlen": rng.randint(1, 7, 40).astype("int32"),
    }
