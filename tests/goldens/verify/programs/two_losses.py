"""Two heads on one trunk: the loss is the weighted sum of both heads' losses."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["kind/BiasAdd:0", "size/BiasAdd:0"]
TRAIN = {}
EVAL = {}
STEPS_BEFORE = 7


def build():
    x = tf.placeholder(tf.float32, [None, 12], name="x")
    kind_label = tf.placeholder(tf.int64, [None], name="kind_label")
    size_label = tf.placeholder(tf.float32, [None, 2], name="size_label")
    trunk = tf.layers.dense(x, 20, activation=tf.nn.relu, name="trunk")
    kind = tf.layers.dense(trunk, 3, name="kind")
    size = tf.layers.dense(trunk, 2, name="size")
    kind_loss = tf.losses.sparse_softmax_cross_entropy(kind_label, kind)
    size_loss = tf.losses.mean_squared_error(size_label, size)
    loss = tf.add(kind_loss, 0.3 * size_loss, name="loss")
    global_step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.05, global_step, 4, 0.5, staircase=True)
    tf.train.MomentumOptimizer(rate, 0.9).minimize(loss, global_step=global_step)


def feeds(rng):
    return {
        "x": rng.randn(48, 12).astype("float32"),
        "kind_label": rng.randint(0, 3, 48).astype("int64"),
        "size_label": rng.randn(48, 2).astype("float32"),
    }
