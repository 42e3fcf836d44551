"""Two towers that share their weights by `reuse`, and a contrastive loss on their distance."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["distance:0"]
TRAIN = {}
EVAL = {}
NOISE = ["tower/fc2/bias"]  # the difference of the towers takes it away


def tower(x, reuse=None):
    with tf.variable_scope("tower", reuse=reuse):
        net = tf.layers.dense(x, 20, activation=tf.nn.tanh, name="fc1")
        return tf.layers.dense(net, 6, name="fc2")


def build():
    left = tf.placeholder(tf.float32, [None, 12], name="left")
    right = tf.placeholder(tf.float32, [None, 12], name="right")
    same = tf.placeholder(tf.float32, [None], name="same")
    difference = tower(left) - tower(right, reuse=True)
    distance = tf.reduce_sum(tf.square(difference), axis=1, name="distance")
    apart = tf.square(tf.maximum(0.0, 3.0 - tf.sqrt(distance)))
    loss = tf.reduce_mean(same * distance + (1.0 - same) * apart, name="loss")
    step = tf.train.get_or_create_global_step()
    rate = tf.train.polynomial_decay(0.02, step, 8, 0.002)
    optimizer = tf.train.MomentumOptimizer(rate, 0.8, use_nesterov=True)
    optimizer.minimize(loss, global_step=step)


def feeds(rng):
    left = rng.randn(48, 12)
    right = left + rng.randn(48, 12)
    return {
        "left": left.astype("float32"),
        "right": right.astype("float32"),
        "same": rng.randint(0, 2, 48).astype("float32"),
    }
