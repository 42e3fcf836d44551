"""Convolutions by hand, after the old tutorial for MNIST: variables without names."""

import numpy as np
import tensorflow as tf

LOSS = "Mean:0"
OUTPUTS = ["add:0"]
TRAIN = {}
EVAL = {}


def weight_variable(shape):
    return tf.Variable(tf.truncated_normal(shape, stddev=0.2))


def bias_variable(shape):
    return tf.Variable(tf.constant(0.1, shape=shape))


def build():
    x = tf.placeholder(tf.float32, [None, 64], name="x")
    y = tf.placeholder(tf.float32, [None, 5], name="y")
    image = tf.reshape(x, [-1, 8, 8, 1])

    w_conv1 = weight_variable([3, 3, 1, 6])
    b_conv1 = bias_variable([6])
    h = tf.nn.conv2d(image, w_conv1, strides=[1, 2, 2, 1], padding="SAME")
    h = tf.nn.relu(tf.nn.bias_add(h, b_conv1))
    h = tf.nn.max_pool(h, ksize=[1, 2, 2, 1], strides=[1, 1, 1, 1], padding="SAME")

    w_conv2 = weight_variable([3, 3, 6, 8])
    b_conv2 = bias_variable([8])
    h = tf.nn.conv2d(h, w_conv2, strides=[1, 2, 2, 1], padding="SAME")
    h = tf.nn.relu(tf.nn.bias_add(h, b_conv2))

    w_fc = weight_variable([2 * 2 * 8, 5])
    b_fc = bias_variable([5])
    logits = tf.matmul(tf.reshape(h, [-1, 2 * 2 * 8]), w_fc) + b_fc
    entropy = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits)
    loss = tf.reduce_mean(entropy)
    optimizer = tf.train.AdagradOptimizer(0.05, initial_accumulator_value=0.5)
    optimizer.minimize(loss)


def feeds(rng):
    x = rng.rand(40, 64).astype("float32")
    return {"x": x, "y": np.eye(5, dtype="float32")[rng.randint(0, 5, 40)]}
