"""A text CNN of `tf.layers`: convolutions of three widths, the largest over time, dropout."""

import numpy as np
import tensorflow as tf

LOSS = "optimize/Mean:0"
OUTPUTS = ["score/fc2/BiasAdd:0"]
TRAIN = {"keep_prob": 0.5}
EVAL = {"keep_prob": 1.0}


def build():
    input_x = tf.placeholder(tf.int32, [None, 12], name="input_x")
    input_y = tf.placeholder(tf.float32, [None, 4], name="input_y")
    keep_prob = tf.placeholder(tf.float32, name="keep_prob")

    with tf.device("/cpu:0"):
        embedding = tf.get_variable("embedding", [30, 6])
        embedding_inputs = tf.nn.embedding_lookup(embedding, input_x)

    pooled = []
    for width in (2, 3, 4):
        with tf.name_scope("cnn"):
            conv = tf.layers.conv1d(embedding_inputs, 5, width, name="conv%d" % width)
            conv = tf.nn.relu(conv)
            pooled.append(tf.reduce_max(conv, reduction_indices=[1], name="gmp"))
    net = tf.concat(pooled, 1)

    with tf.name_scope("score"):
        fc = tf.layers.dense(net, 10, name="fc1")
        fc = tf.contrib.layers.dropout(fc, keep_prob)
        fc = tf.nn.relu(fc)
        logits = tf.layers.dense(fc, 4, name="fc2")
        y_pred_cls = tf.argmax(tf.nn.softmax(logits), 1)

    with tf.name_scope("optimize"):
        cross_entropy = tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=input_y)
        loss = tf.reduce_mean(cross_entropy)
        tf.train.AdamOptimizer(learning_rate=1e-2).minimize(loss)

    with tf.name_scope("accuracy"):
        correct_pred = tf.equal(tf.argmax(input_y, 1), y_pred_cls)
        tf.reduce_mean(tf.cast(correct_pred, tf.float32))


def feeds(rng):
    return {
        "input_x": rng.randint(0, 30, (40, 12)).astype("int32"),
        "input_y": np.eye(4, dtype="float32")[rng.randint(0, 4, 40)],
    }
