"""The gradients of the data are clipped, each by its norm; the penalty's are added afterwards."""

import tensorflow as tf

LOSS = "loss/value:0"
OUTPUTS = ["price/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def build():
    x = tf.placeholder(tf.float32, [None, 8], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    net = tf.layers.dense(x, 12, tf.nn.tanh, name="hidden")
    price = tf.layers.dense(net, 1, name="price")
    loss = tf.losses.mean_squared_error(y, price, scope="loss")
    optimizer = tf.train.MomentumOptimizer(0.05, 0.9)
    clipped = []
    for gradient, variable in optimizer.compute_gradients(loss):
        bounded = tf.clip_by_norm(gradient, 0.2)
        if "kernel" in variable.name:
            bounded += 0.1 * variable
        clipped.append((bounded, variable))
    optimizer.apply_gradients(clipped)


def feeds(rng):
    x = rng.randn(48, 8).astype("float32")
    return {"x": x, "y": rng.randn(48, 1).astype("float32")}
