"""A conv net of `tf.layers` with pooling, and dropout under a `training` placeholder."""

import tensorflow as tf

LOSS = "sparse_softmax_cross_entropy_loss/value:0"
OUTPUTS = ["logits/BiasAdd:0"]
TRAIN = {"training": True}
EVAL = {"training": False}
STEPS_BEFORE = 7


def build():
    images = tf.placeholder(tf.float32, [None, 8, 8, 1], name="images")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    training = tf.placeholder(tf.bool, [], name="training")
    net = tf.layers.conv2d(images, 6, 3, padding="same", activation=tf.nn.relu, name="conv1")
    net = tf.layers.max_pooling2d(net, 2, 2, name="pool1")
    net = tf.layers.conv2d(net, 8, 3, activation=tf.nn.relu, name="conv2")
    net = tf.layers.flatten(net)
    net = tf.layers.dense(net, 16, activation=tf.nn.relu, name="fc1")
    net = tf.layers.dropout(net, rate=0.4, training=training)
    logits = tf.layers.dense(net, 5, name="logits")
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    tf.train.AdamOptimizer(0.005).minimize(loss, global_step=tf.train.get_or_create_global_step())


def feeds(rng):
    # the border of the images is nearly black, as that of MNIST is
    images = rng.rand(40, 8, 8, 1)
    images[:, [0, -1]] *= 1e-5
    return {
        "images": images.astype("float32"),
        "labels": rng.randint(0, 5, 40).astype("int32"),
    }
