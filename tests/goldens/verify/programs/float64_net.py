"""A net in float64 throughout, by momentum under a decaying rate."""

import numpy as np
import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["y_hat/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def build():
    x = tf.placeholder(tf.float64, [None, 10], name="x")
    y = tf.placeholder(tf.float64, [None, 2], name="y")
    hidden = tf.layers.dense(x, 18, activation=tf.nn.tanh, name="h1")
    hidden = tf.layers.dense(hidden, 9, activation=tf.nn.tanh, name="h2")
    y_hat = tf.layers.dense(hidden, 2, name="y_hat")
    loss = tf.reduce_mean(tf.square(y_hat - y), name="loss")
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.03, step, 2, 0.7)
    tf.train.MomentumOptimizer(rate, 0.8).minimize(loss, global_step=step)


def feeds(rng):
    x = rng.randn(40, 10)
    return {"x": x, "y": np.sin(x[:, :2]) + 0.1 * rng.randn(40, 2)}
