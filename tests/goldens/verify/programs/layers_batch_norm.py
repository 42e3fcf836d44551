"""`tf.layers` with a bias before batch norm, whose gradient is nothing but roundings."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["out/BiasAdd:0"]
TRAIN = {"training": True}
EVAL = {"training": False}
NOISE = ["dense1/bias"]  # batch norm takes away what this bias adds


def build():
    x = tf.placeholder(tf.float32, [None, 16], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    training = tf.placeholder(tf.bool, [], name="training")
    net = tf.layers.dense(x, 24, name="dense1")
    net = tf.layers.batch_normalization(net, training=training, momentum=0.9, name="norm1")
    net = tf.nn.relu(net)
    logits = tf.layers.dense(net, 5, name="out")
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits), name="loss"
    )
    step = tf.train.get_or_create_global_step()
    optimizer = tf.train.GradientDescentOptimizer(0.5)
    train_step = optimizer.minimize(loss, global_step=step)
    update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    tf.add_to_collection("train_op", tf.group(train_step, *update_ops))


def feeds(rng):
    x = rng.rand(48, 16).astype("float32")
    return {"x": x, "y": rng.randint(0, 5, 48).astype("int32")}
