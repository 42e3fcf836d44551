"""A text CNN by hand, with two-dimensional convolutions as wide as the embedding."""

import numpy as np
import tensorflow as tf

LOSS = "loss/add:0"
OUTPUTS = ["output/scores:0", "output/predictions:0"]
TRAIN = {"dropout_keep_prob": 0.5}
EVAL = {"dropout_keep_prob": 1.0}


def build(sequence_length=10, vocab_size=20, embedding_size=6, filter_sizes=(3, 4), num_filters=4):
    input_x = tf.placeholder(tf.int32, [None, sequence_length], name="input_x")
    input_y = tf.placeholder(tf.float32, [None, 2], name="input_y")
    dropout_keep_prob = tf.placeholder(tf.float32, name="dropout_keep_prob")
    l2_loss = tf.constant(0.0)

    with tf.device("/cpu:0"), tf.name_scope("embedding"):
        W = tf.Variable(tf.random_uniform([vocab_size, embedding_size], -1.0, 1.0), name="W")
        embedded_chars = tf.nn.embedding_lookup(W, input_x)
        embedded_chars_expanded = tf.expand_dims(embedded_chars, -1)

    pooled_outputs = []
    for filter_size in filter_sizes:
        with tf.name_scope("conv-maxpool-%s" % filter_size):
            filter_shape = [filter_size, embedding_size, 1, num_filters]
            W = tf.Variable(tf.truncated_normal(filter_shape, stddev=0.1), name="W")
            b = tf.Variable(tf.constant(0.1, shape=[num_filters]), name="b")
            conv = tf.nn.conv2d(
                embedded_chars_expanded, W, strides=[1, 1, 1, 1], padding="VALID", name="conv"
            )
            h = tf.nn.relu(tf.nn.bias_add(conv, b), name="relu")
            pooled = tf.nn.max_pool(
                h,
                ksize=[1, sequence_length - filter_size + 1, 1, 1],
                strides=[1, 1, 1, 1],
                padding="VALID",
                name="pool",
            )
            pooled_outputs.append(pooled)

    num_filters_total = num_filters * len(filter_sizes)
    h_pool = tf.concat(pooled_outputs, 3)
    h_pool_flat = tf.reshape(h_pool, [-1, num_filters_total])
    with tf.name_scope("dropout"):
        h_drop = tf.nn.dropout(h_pool_flat, dropout_keep_prob)

    with tf.name_scope("output"):
        W = tf.get_variable(
            "W", [num_filters_total, 2], initializer=tf.contrib.layers.xavier_initializer()
        )
        b = tf.Variable(tf.constant(0.1, shape=[2]), name="b")
        l2_loss += tf.nn.l2_loss(W)
        l2_loss += tf.nn.l2_loss(b)
        scores = tf.nn.xw_plus_b(h_drop, W, b, name="scores")
        tf.argmax(scores, 1, name="predictions")

    with tf.name_scope("loss"):
        losses = tf.nn.softmax_cross_entropy_with_logits_v2(logits=scores, labels=input_y)
        loss = tf.reduce_mean(losses) + 0.1 * l2_loss

    global_step = tf.Variable(0, name="global_step", trainable=False)
    optimizer = tf.train.AdamOptimizer(1e-2)
    grads_and_vars = optimizer.compute_gradients(loss)
    for g, v in grads_and_vars:
        if g is not None:
            tf.summary.histogram("{}/grad/hist".format(v.name), g)
    tf.summary.scalar("loss", loss)
    optimizer.apply_gradients(grads_and_vars, global_step=global_step)


def feeds(rng):
    return {
        "input_x": rng.randint(0, 20, (40, 10)).astype("int32"),
        "input_y": np.eye(2, dtype="float32")[rng.randint(0, 2, 40)],
    }
