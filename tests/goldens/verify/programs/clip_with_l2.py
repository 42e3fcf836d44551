"""The gradient of the whole loss, penalties included, is clipped by the global norm."""

import tensorflow as tf

LOSS = "total_loss:0"
OUTPUTS = ["scores/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def build():
    x = tf.placeholder(tf.float32, [None, 9], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    regularizer = tf.contrib.layers.l2_regularizer(0.3)
    net = tf.layers.dense(x, 14, tf.nn.relu, kernel_regularizer=regularizer, name="hidden")
    scores = tf.layers.dense(net, 3, kernel_regularizer=regularizer, name="scores")
    tf.losses.sparse_softmax_cross_entropy(y, scores)
    loss = tf.losses.get_total_loss()
    optimizer = tf.train.GradientDescentOptimizer(0.2)
    gradients, variables = zip(*optimizer.compute_gradients(loss))
    gradients, _ = tf.clip_by_global_norm(gradients, 0.5)
    optimizer.apply_gradients(zip(gradients, variables))


def feeds(rng):
    x = rng.randn(48, 9).astype("float32")
    return {"x": x, "y": rng.randint(0, 3, 48).astype("int32")}
