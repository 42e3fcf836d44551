"""Gradient descent, and an exponential moving average of the weights after each step."""

import tensorflow as tf

LOSS = "cost:0"
OUTPUTS = ["scores/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def build():
    x = tf.placeholder(tf.float32, [None, 14], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    hidden = tf.layers.dense(x, 20, activation=tf.nn.softplus, name="hidden")
    scores = tf.layers.dense(hidden, 4, name="scores")
    cost = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=scores), name="cost"
    )
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.5, step, 10, 0.3)
    update = tf.train.GradientDescentOptimizer(rate).minimize(cost, global_step=step)
    averages = tf.train.ExponentialMovingAverage(0.9, num_updates=step)
    with tf.control_dependencies([update]):
        train_op = averages.apply(tf.trainable_variables())
    tf.add_to_collection("train_op", train_op)


def feeds(rng):
    x = rng.randn(48, 14).astype("float32")
    return {"x": x, "y": rng.randint(0, 4, 48).astype("int64")}
