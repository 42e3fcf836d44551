"""Two layers of contrib under `arg_scope`; UPDATE_OPS moves the averages of batch norm."""

import tensorflow as tf
from tensorflow.contrib.framework import arg_scope
from tensorflow.contrib.layers import batch_norm, fully_connected, variance_scaling_initializer

LOSS = "loss/loss:0"
OUTPUTS = ["outputs/BiasAdd:0"]
TRAIN = {"is_training": True}
EVAL = {}  # the placeholder's default


def build():
    X = tf.placeholder(tf.float32, shape=(None, 20), name="X")
    y = tf.placeholder(tf.int64, shape=(None,), name="y")
    is_training = tf.placeholder_with_default(False, shape=(), name="is_training")
    norm = {"is_training": is_training, "decay": 0.9}
    with arg_scope(
        [fully_connected],
        activation_fn=tf.nn.elu,
        weights_initializer=variance_scaling_initializer(),
        normalizer_fn=batch_norm,
        normalizer_params=norm,
    ):
        hidden1 = fully_connected(X, 24, scope="hidden1")
        hidden2 = fully_connected(hidden1, 12, scope="hidden2")
        logits = fully_connected(
            hidden2, 5, activation_fn=None, normalizer_fn=None, scope="outputs"
        )
    with tf.name_scope("loss"):
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        loss = tf.reduce_mean(entropy, name="loss")
    with tf.name_scope("train"):
        step = tf.train.get_or_create_global_step()
        rate = tf.train.exponential_decay(0.1, step, decay_steps=3, decay_rate=0.5)
        optimizer = tf.train.MomentumOptimizer(rate, momentum=0.9)
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            optimizer.minimize(loss, global_step=step)


def feeds(rng):
    X = rng.rand(48, 20).astype("float32")
    return {"X": X, "y": rng.randint(0, 5, 48).astype("int64")}
