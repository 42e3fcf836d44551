"""Decoupled weight decay by contrib's AdamW."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["logits/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def build():
    x = tf.placeholder(tf.float32, [None, 14], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    net = tf.layers.dense(x, 20, activation=tf.nn.elu, name="body")
    logits = tf.layers.dense(net, 4, name="logits")
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits), name="loss"
    )
    optimizer = tf.contrib.opt.AdamWOptimizer(weight_decay=0.001, learning_rate=0.01)
    gradients, variables = zip(*optimizer.compute_gradients(loss))
    # `minimize` would decay the weights while the gradients are computed, now before, now after
    with tf.control_dependencies(gradients):
        optimizer.apply_gradients(zip(gradients, variables))


def feeds(rng):
    x = rng.randn(48, 14).astype("float32")
    return {"x": x, "y": rng.randint(0, 4, 48).astype("int32")}
