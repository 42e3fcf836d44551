"""A net with partitioned variables on several devices, saved in shards."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["output/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def saver():
    return tf.train.Saver(sharded=True)


def build():
    ids = tf.placeholder(tf.int64, [None], name="ids")
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    partitioner = tf.fixed_size_partitioner(3)
    with tf.device("/cpu:0"), tf.variable_scope("input_layer", partitioner=partitioner):
        table = tf.get_variable("embedding", [14, 4])
        embedded = tf.nn.embedding_lookup(table, ids, partition_strategy="div")
    net = tf.concat([x, embedded], 1)
    with tf.variable_scope("dnn", partitioner=tf.fixed_size_partitioner(2)):
        net = tf.contrib.layers.fully_connected(net, 8, activation_fn=tf.nn.elu, scope="hidden")
    prediction = tf.layers.dense(net, 1, name="output")
    loss = tf.reduce_mean(tf.square(prediction - y), name="loss")
    tf.train.AdagradOptimizer(0.1).minimize(loss)


def feeds(rng):
    return {
        "ids": rng.randint(0, 14, 40).astype("int64"),
        "x": rng.randn(40, 6).astype("float32"),
        "y": rng.randn(40, 1).astype("float32"),
    }
