"""An autoencoder whose decoder has the transposed weights of its encoder."""

import numpy as np
import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["reconstruction:0"]
TRAIN = {}
EVAL = {}


def build():
    X = tf.placeholder(tf.float32, [None, 24], name="X")
    init = tf.contrib.layers.variance_scaling_initializer()
    regularizer = tf.contrib.layers.l2_regularizer(0.01)
    with tf.variable_scope("autoencoder"):
        w1 = tf.get_variable("weights1", [24, 16], initializer=init)
        w2 = tf.get_variable("weights2", [16, 6], initializer=init)
        b1 = tf.get_variable("biases1", [16], initializer=tf.zeros_initializer())
        b2 = tf.get_variable("biases2", [6], initializer=tf.zeros_initializer())
        b3 = tf.get_variable("biases3", [16], initializer=tf.zeros_initializer())
        b4 = tf.get_variable("biases4", [24], initializer=tf.zeros_initializer())
    hidden1 = tf.nn.elu(tf.matmul(X, w1) + b1)
    codings = tf.nn.elu(tf.matmul(hidden1, w2) + b2)
    hidden3 = tf.nn.elu(tf.matmul(codings, tf.transpose(w2)) + b3)
    outputs = tf.add(tf.matmul(hidden3, tf.transpose(w1)), b4, name="reconstruction")
    mse = tf.reduce_mean(tf.square(outputs - X))
    loss = tf.add(mse, regularizer(w1) + regularizer(w2), name="loss")
    tf.train.AdamOptimizer(learning_rate=0.01, beta1=0.8).minimize(loss)


def feeds(rng):
    scale = np.logspace(-4, 0, 24)  # some features hardly vary
    return {"X": (rng.randn(48, 24) * scale).astype("float32")}
