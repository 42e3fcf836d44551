"""An LSTM that `static_rnn` unrolls over the rows of an image, after the well-known example."""

import numpy as np
import tensorflow as tf
from tensorflow.contrib import rnn

LOSS = "Mean:0"
OUTPUTS = ["add:0", "Softmax:0"]
TRAIN = {}
EVAL = {}


def RNN(x, weights, biases, timesteps, num_hidden):
    x = tf.unstack(x, timesteps, 1)
    lstm_cell = rnn.BasicLSTMCell(num_hidden, forget_bias=1.0)
    outputs, states = rnn.static_rnn(lstm_cell, x, dtype=tf.float32)
    return tf.matmul(outputs[-1], weights["out"]) + biases["out"]


def build(num_input=5, timesteps=4, num_hidden=6, num_classes=3):
    X = tf.placeholder("float", [None, timesteps, num_input], name="X")
    Y = tf.placeholder("float", [None, num_classes], name="Y")
    weights = {"out": tf.Variable(tf.random_normal([num_hidden, num_classes]))}
    biases = {"out": tf.Variable(tf.random_normal([num_classes]))}
    logits = RNN(X, weights, biases, timesteps, num_hidden)
    prediction = tf.nn.softmax(logits)
    loss_op = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=Y))
    optimizer = tf.train.GradientDescentOptimizer(learning_rate=0.1)
    optimizer.minimize(loss_op)
    correct_pred = tf.equal(tf.argmax(prediction, 1), tf.argmax(Y, 1))
    tf.reduce_mean(tf.cast(correct_pred, tf.float32))


def feeds(rng):
    y = np.eye(3, dtype="float32")[rng.randint(0, 3, 40)]
    return {"X": rng.rand(40, 4, 5).astype("float32"), "Y": y}
