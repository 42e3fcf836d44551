"""contrib's conv layers with batch norm that scales, under an `is_training` placeholder."""

import tensorflow as tf

layers = tf.contrib.layers

LOSS = "xentropy:0"
OUTPUTS = ["logits/BiasAdd:0"]
TRAIN = {"is_training": True}
EVAL = {"is_training": False}


def build():
    x = tf.placeholder(tf.float32, [None, 8, 8, 2], name="x")
    y = tf.placeholder(tf.int32, [None], name="y")
    is_training = tf.placeholder(tf.bool, name="is_training")
    norm = {"is_training": is_training, "decay": 0.95, "scale": True, "epsilon": 0.01}
    net = layers.conv2d(
        x, 8, 3, stride=2, normalizer_fn=layers.batch_norm, normalizer_params=norm, scope="conv1"
    )
    net = layers.conv2d(
        net, 8, 3, normalizer_fn=layers.batch_norm, normalizer_params=norm, scope="conv2"
    )
    net = layers.avg_pool2d(net, 2, scope="pool")
    logits = layers.fully_connected(layers.flatten(net), 4, activation_fn=None, scope="logits")
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits), name="xentropy"
    )
    step = tf.train.create_global_step()
    rate = tf.train.piecewise_constant(step, [1, 3], [0.1, 0.05, 0.01])
    optimizer = tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True)
    update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(update_ops):
        optimizer.minimize(loss, step)


def feeds(rng):
    x = rng.rand(40, 8, 8, 2).astype("float32")
    return {"x": x, "y": rng.randint(0, 4, 40).astype("int32")}
