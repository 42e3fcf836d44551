"""A slim net with weight decay; the loss is the sum of the collection of losses."""

import numpy as np
import tensorflow as tf

slim = tf.contrib.slim

LOSS = "total_loss:0"
OUTPUTS = ["net/logits/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def network(images):
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        activation_fn=tf.nn.elu,
        weights_regularizer=slim.l2_regularizer(0.02),
    ), tf.variable_scope("net"):
        net = slim.conv2d(images, 8, [3, 3], stride=2, scope="conv1")
        net = slim.max_pool2d(net, [2, 2], scope="pool1")
        net = slim.flatten(net, scope="flatten")
        net = slim.fully_connected(net, 16, scope="fc1")
        return slim.fully_connected(net, 4, activation_fn=None, scope="logits")


def build():
    images = tf.placeholder(tf.float32, [None, 9, 9, 2], name="images")
    one_hot = tf.placeholder(tf.float32, [None, 4], name="one_hot")
    logits = network(images)
    tf.losses.softmax_cross_entropy(one_hot, logits)
    total_loss = tf.losses.get_total_loss()
    optimizer = tf.train.RMSPropOptimizer(0.003, decay=0.9)
    # slim puts the operation into the collection `train_op` by itself
    slim.learning.create_train_op(total_loss, optimizer)


def feeds(rng):
    images = rng.rand(40, 9, 9, 2).astype("float32")
    one_hot = np.eye(4, dtype="float32")[rng.randint(0, 4, 40)]
    return {"images": images, "one_hot": one_hot}
