"""An Inception block of slim with batch norm, weight decay, and a rate that falls in steps."""

import numpy as np
import tensorflow as tf

slim = tf.contrib.slim

LOSS = "total_loss:0"
OUTPUTS = ["Tiny/Logits/BiasAdd:0", "Tiny/Predictions:0"]
TRAIN = {"is_training": True}
EVAL = {"is_training": False}


def arg_scope(is_training, weight_decay=0.002):
    batch_norm = {"is_training": is_training, "decay": 0.9, "epsilon": 0.001}
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_regularizer=slim.l2_regularizer(weight_decay),
        weights_initializer=slim.variance_scaling_initializer(),
    ), slim.arg_scope(
        [slim.conv2d], normalizer_fn=slim.batch_norm, normalizer_params=batch_norm
    ) as scope:
        return scope


def network(images, num_classes=4):
    with tf.variable_scope("Tiny"), slim.arg_scope(
        [slim.conv2d, slim.max_pool2d, slim.avg_pool2d], stride=1, padding="SAME"
    ):
        net = slim.conv2d(images, 6, [3, 3], stride=2, scope="Conv2d_1a_3x3")
        with tf.variable_scope("Mixed_2b"):
            with tf.variable_scope("Branch_0"):
                branch_0 = slim.conv2d(net, 4, [1, 1], scope="Conv2d_0a_1x1")
            with tf.variable_scope("Branch_1"):
                branch_1 = slim.conv2d(net, 4, [1, 1], scope="Conv2d_0a_1x1")
                branch_1 = slim.conv2d(branch_1, 5, [3, 3], scope="Conv2d_0b_3x3")
            with tf.variable_scope("Branch_2"):
                branch_2 = slim.avg_pool2d(net, [3, 3], scope="AvgPool_0a_3x3")
                branch_2 = slim.conv2d(branch_2, 3, [1, 1], scope="Conv2d_0b_1x1")
            net = tf.concat(axis=3, values=[branch_0, branch_1, branch_2])
        net = slim.avg_pool2d(net, net.get_shape()[1:3], padding="VALID", scope="AvgPool_1a")
        net = tf.squeeze(net, [1, 2], name="SpatialSqueeze")
        logits = slim.fully_connected(net, num_classes, activation_fn=None, scope="Logits")
        return logits, tf.nn.softmax(logits, name="Predictions")


def build():
    images = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    is_training = tf.placeholder(tf.bool, [], name="is_training")
    with slim.arg_scope(arg_scope(is_training)):
        logits, _ = network(images)
    tf.losses.softmax_cross_entropy(slim.one_hot_encoding(labels, 4), logits, label_smoothing=0.1)
    total_loss = tf.losses.get_total_loss()
    step = slim.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.05, step, 3, 0.5, staircase=True)
    slim.learning.create_train_op(total_loss, tf.train.MomentumOptimizer(rate, 0.9), step)


def feeds(rng):
    images = rng.rand(40, 8, 8, 3).astype("float32")
    return {"images": images, "labels": np.int64(rng.randint(0, 4, 40))}
