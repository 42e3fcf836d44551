"""A `tf.while_loop` of the program's own: the state is refined until it hardly changes."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["scores:0"]
TRAIN = {}
EVAL = {}


def build():
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    w = tf.get_variable("w", [4, 4], initializer=tf.random_normal_initializer(stddev=0.2))
    u = tf.get_variable("u", [6, 4])
    v = tf.get_variable("v", [4, 2])
    drive = tf.matmul(x, u)

    def unsettled(i, h, change):
        return tf.logical_and(i < 20, change > 1e-3)

    def settle(i, h, change):
        new = tf.tanh(tf.matmul(h, w) + drive)
        return i + 1, new, tf.reduce_max(tf.abs(new - h))

    start = (tf.constant(0), tf.zeros_like(drive), tf.constant(1.0))
    _, h, _ = tf.while_loop(unsettled, settle, start, name="settling")
    scores = tf.matmul(h, v, name="scores")
    loss = tf.reduce_mean(tf.square(scores - y), name="loss")
    tf.train.GradientDescentOptimizer(0.1).minimize(loss)


def feeds(rng):
    return {"x": rng.randn(40, 6).astype("float32"), "y": rng.randn(40, 2).astype("float32")}
