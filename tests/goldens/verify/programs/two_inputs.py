"""Two inputs that are joined, resource variables, a regression by centered RMSProp."""

import tensorflow as tf

LOSS = "mean_squared_error/value:0"
OUTPUTS = ["price/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def build():
    rooms = tf.placeholder(tf.float32, [None, 9], name="rooms")
    place = tf.placeholder(tf.float32, [None, 4], name="place")
    target = tf.placeholder(tf.float32, [None, 1], name="target")
    with tf.variable_scope(tf.get_variable_scope(), use_resource=True):
        a = tf.layers.dense(rooms, 16, activation=tf.nn.tanh, name="rooms_hidden")
        b = tf.layers.dense(place, 8, activation=tf.nn.tanh, name="place_hidden")
        joined = tf.concat([a, b], axis=1)
        hidden = tf.layers.dense(joined, 12, activation=tf.nn.tanh, name="joined")
        price = tf.layers.dense(hidden, 1, name="price")
    loss = tf.losses.mean_squared_error(target, price)
    optimizer = tf.train.RMSPropOptimizer(0.002, decay=0.9, momentum=0.5, centered=True)
    optimizer.minimize(loss)


def feeds(rng):
    rooms = rng.randn(48, 9)
    place = rng.randn(48, 4)
    target = rooms[:, :1] * 2 + place[:, 1:2] ** 2
    return {
        "rooms": rooms.astype("float32"),
        "place": place.astype("float32"),
        "target": target.astype("float32"),
    }
