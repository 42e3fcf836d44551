"""A siamese net: two texts through the same layers, the cosine of both, a contrastive loss."""

import tensorflow as tf

LOSS = "loss/total:0"
OUTPUTS = ["cosine/similarity:0"]
TRAIN = {}
EVAL = {}


def tower(x):
    with tf.variable_scope("tower", reuse=tf.AUTO_REUSE):
        net = tf.layers.dense(x, 12, activation=tf.nn.tanh, name="fc1")
        net = tf.layers.dense(net, 6, name="fc2")
        return net


def build():
    left = tf.placeholder(tf.float32, [None, 10], name="left")
    right = tf.placeholder(tf.float32, [None, 10], name="right")
    label = tf.placeholder(tf.float32, [None], name="label")
    a, b = tower(left), tower(right)
    with tf.name_scope("cosine"):
        a = tf.nn.l2_normalize(a, dim=1)
        b = tf.nn.l2_normalize(b, dim=1)
        similarity = tf.reduce_sum(tf.multiply(a, b), 1, name="similarity")
    with tf.name_scope("loss"):
        positive = label * tf.square(1.0 - similarity)
        negative = (1.0 - label) * tf.square(tf.maximum(similarity - 0.2, 0.0))
        total = tf.reduce_mean(positive + negative, name="total")
    step = tf.train.get_or_create_global_step()
    rate = tf.train.polynomial_decay(0.2, step, 10, 0.01)
    tf.train.AdagradOptimizer(rate).minimize(total, global_step=step)


def feeds(rng):
    return {
        "left": rng.randn(48, 10).astype("float32"),
        "right": rng.randn(48, 10).astype("float32"),
        "label": rng.randint(0, 2, 48).astype("float32"),
    }
