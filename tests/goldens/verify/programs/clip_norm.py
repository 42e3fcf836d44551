"""Each gradient is clipped by its own norm, then RMSProp."""

import tensorflow as tf

LOSS = "hinge_loss/value:0"
OUTPUTS = ["margin/BiasAdd:0"]
TRAIN = {}
EVAL = {}


def build():
    features = tf.placeholder(tf.float32, [None, 12], name="features")
    sign = tf.placeholder(tf.float32, [None, 1], name="sign")
    hidden = tf.layers.dense(
        features,
        16,
        tf.nn.selu,
        kernel_initializer=tf.random_normal_initializer(stddev=0.3),
        name="layer1",
    )
    hidden = tf.layers.dense(hidden, 8, tf.nn.sigmoid, name="layer2")
    margin = tf.layers.dense(hidden, 1, name="margin")
    loss = tf.losses.hinge_loss(sign, margin)
    optimizer = tf.train.RMSPropOptimizer(0.01, decay=0.8, momentum=0.3)
    clipped = [
        (tf.clip_by_norm(gradient, 0.05), variable)
        for gradient, variable in optimizer.compute_gradients(loss)
    ]
    optimizer.apply_gradients(clipped)


def feeds(rng):
    features = rng.randn(48, 12).astype("float32")
    return {"features": features, "sign": rng.randint(0, 2, (48, 1)).astype("float32")}
