"""A residual block of `tf.layers`, after the official model: weight decay without batch norm."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["final_dense:0", "softmax_tensor:0"]
TRAIN = {"is_training": True}
EVAL = {"is_training": False}


def batch_norm(inputs, training):
    return tf.layers.batch_normalization(
        inputs, axis=3, momentum=0.9, epsilon=1e-5, center=True, scale=True, training=training
    )


def conv2d_fixed_padding(inputs, filters, kernel_size, strides):
    if strides > 1:
        pad_total = kernel_size - 1
        pad_beg = pad_total // 2
        pad_end = pad_total - pad_beg
        inputs = tf.pad(inputs, [[0, 0], [pad_beg, pad_end], [pad_beg, pad_end], [0, 0]])
    return tf.layers.conv2d(
        inputs,
        filters,
        kernel_size,
        strides=strides,
        padding=("SAME" if strides == 1 else "VALID"),
        use_bias=False,
        kernel_initializer=tf.variance_scaling_initializer(),
    )


def block(inputs, filters, training, strides):
    shortcut = conv2d_fixed_padding(inputs, filters, 1, strides)
    shortcut = batch_norm(shortcut, training)
    inputs = conv2d_fixed_padding(inputs, filters, 3, strides)
    inputs = batch_norm(inputs, training)
    inputs = tf.nn.relu(inputs)
    inputs = conv2d_fixed_padding(inputs, filters, 3, 1)
    inputs = batch_norm(inputs, training)
    inputs += shortcut
    return tf.nn.relu(inputs)


def build():
    images = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    is_training = tf.placeholder(tf.bool, name="is_training")
    inputs = conv2d_fixed_padding(images, 4, 3, 1)
    inputs = tf.identity(inputs, "initial_conv")
    inputs = block(inputs, 6, is_training, strides=2)
    inputs = tf.reduce_mean(inputs, [1, 2], keepdims=True)
    inputs = tf.squeeze(tf.identity(inputs, "final_reduce_mean"), [1, 2])
    logits = tf.identity(tf.layers.dense(inputs, 5), "final_dense")
    tf.nn.softmax(logits, name="softmax_tensor")

    cross_entropy = tf.losses.sparse_softmax_cross_entropy(logits=logits, labels=labels)
    decayed = [v for v in tf.trainable_variables() if "batch_normalization" not in v.name]
    l2_loss = 2e-3 * tf.add_n([tf.nn.l2_loss(tf.cast(v, tf.float32)) for v in decayed])
    loss = tf.add(cross_entropy, l2_loss, name="loss")
    global_step = tf.train.get_or_create_global_step()
    rate = tf.train.piecewise_constant(global_step, [2, 4], [0.1, 0.05, 0.01])
    optimizer = tf.train.MomentumOptimizer(learning_rate=rate, momentum=0.9)
    minimize_op = optimizer.minimize(loss, global_step)
    update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    tf.add_to_collection("train_op", tf.group(minimize_op, update_ops))


def feeds(rng):
    images = rng.rand(40, 8, 8, 3).astype("float32")
    return {"images": images, "labels": rng.randint(0, 5, 40).astype("int32")}
