"""The chapter's max-norm: a collection of weights, clipped after each step."""

import tensorflow as tf
from tensorflow.contrib.layers import fully_connected

LOSS = "loss/loss:0"
OUTPUTS = ["outputs/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def max_norm_regularizer(collection="max_norm"):
    def max_norm(weights):
        tf.add_to_collection(collection, weights)

    return max_norm


def clip_all_weights(threshold, axes=1, collection="max_norm"):
    for weights in tf.get_collection(collection):
        clipped = tf.clip_by_norm(weights.read_value(), clip_norm=threshold, axes=axes)
        yield tf.assign(weights, clipped)


def build():
    X = tf.placeholder(tf.float32, shape=(None, 16), name="X")
    y = tf.placeholder(tf.int64, shape=(None,), name="y")
    max_norm_reg = max_norm_regularizer()
    hidden1 = fully_connected(X, 20, scope="hidden1", weights_regularizer=max_norm_reg)
    hidden2 = fully_connected(hidden1, 10, scope="hidden2", weights_regularizer=max_norm_reg)
    logits = fully_connected(hidden2, 5, activation_fn=None, scope="outputs")
    with tf.name_scope("loss"):
        xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        loss = tf.reduce_mean(xentropy, name="loss")
    training_op = tf.train.GradientDescentOptimizer(0.3).minimize(loss)
    with tf.control_dependencies([training_op]):
        train_op = tf.group(*clip_all_weights(threshold=1.0))
    tf.add_to_collection("train_op", train_op)


def feeds(rng):
    X = rng.rand(48, 16).astype("float32")
    return {"X": X, "y": rng.randint(0, 5, 48).astype("int64")}
