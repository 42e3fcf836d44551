"""Softmax regression by hand with one hidden layer; the global norm is clipped, then Adam."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["logits:0"]
TRAIN = {}
EVAL = {}


def build():
    inputs = tf.placeholder(tf.float32, [None, 18], name="inputs")
    targets = tf.placeholder(tf.int32, [None], name="targets")
    with tf.variable_scope("hidden"):
        w = tf.get_variable("w", [18, 20])
        b = tf.get_variable("b", [20], initializer=tf.zeros_initializer())
        hidden = tf.nn.tanh(tf.nn.xw_plus_b(inputs, w, b))
    with tf.variable_scope("softmax"):
        w = tf.get_variable("w", [20, 4])
        b = tf.get_variable("b", [4], initializer=tf.zeros_initializer())
        logits = tf.nn.xw_plus_b(hidden, w, b)
    logits = tf.identity(logits, name="logits")
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits), name="loss"
    )
    variables = tf.trainable_variables()
    gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 0.1)
    optimizer = tf.train.AdamOptimizer(0.01, epsilon=0.01)
    optimizer.apply_gradients(zip(gradients, variables))


def feeds(rng):
    inputs = rng.randn(48, 18).astype("float32")
    return {"inputs": inputs, "targets": rng.randint(0, 4, 48).astype("int32")}
