"""The chapter's leaky ReLU, with every gradient clipped by value."""

import tensorflow as tf

fully_connected = tf.contrib.layers.fully_connected

LOSS = "loss/loss:0"
OUTPUTS = ["dnn/outputs/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def leaky_relu(z, name=None):
    return tf.maximum(0.01 * z, z, name=name)


def build():
    X = tf.placeholder(tf.float32, shape=(None, 15), name="X")
    y = tf.placeholder(tf.int64, shape=(None,), name="y")
    with tf.variable_scope("dnn"):
        hidden1 = fully_connected(X, 24, activation_fn=leaky_relu, scope="hidden1")
        hidden2 = fully_connected(hidden1, 12, activation_fn=leaky_relu, scope="hidden2")
        logits = fully_connected(hidden2, 6, activation_fn=None, scope="outputs")
    with tf.name_scope("loss"):
        xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        loss = tf.reduce_sum(xentropy, name="loss")
    optimizer = tf.train.MomentumOptimizer(0.02, 0.9)
    grads_and_vars = optimizer.compute_gradients(loss)
    capped = [(tf.clip_by_value(grad, -1.0, 1.0), var) for grad, var in grads_and_vars]
    train_op = optimizer.apply_gradients(capped)
    tf.add_to_collection("train_op", train_op)


def feeds(rng):
    X = rng.randn(48, 15).astype("float32")
    return {"X": X, "y": rng.randint(0, 6, 48).astype("int64")}
