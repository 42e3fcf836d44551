"""Builds the blocks of known architectures in the styles of their repositories."""

import numpy as np
import tensorflow as tf

RNG = np.random.RandomState(5)
ROWS = RNG.randn(4, 6).astype("f")
IMAGES = RNG.randn(2, 8, 8, 3).astype("f")
SERIES = RNG.randn(3, 5, 8).astype("f")
slim = tf.contrib.slim
contrib = tf.contrib.layers


def _rows():
    return tf.placeholder(tf.float32, [None, 6], name="X")


def _images():
    return tf.placeholder(tf.float32, [None, 8, 8, 3], name="X")


def _series():
    return tf.placeholder(tf.float32, [None, 5, 8], name="X")


def _case(array, outputs, **more):
    named = [tf.identity(t, name=f"out_{k}").name for k, t in enumerate(outputs)]
    return dict({"inputs": {"X:0": array}, "outputs": named}, **more)


def block_dense_net():
    """A dense block and a transition, written by hand with the flag of training."""
    training = tf.placeholder(tf.bool, name="training")
    x = tf.layers.conv2d(_images(), 4, 3, padding="same", use_bias=False, name="first")
    for k in range(2):
        with tf.variable_scope(f"layer_{k}"):
            net = tf.nn.relu(tf.layers.batch_normalization(x, training=training))
            net = tf.layers.conv2d(net, 3, 3, padding="same", use_bias=False)
            net = tf.layers.dropout(net, 0.2, training=training)
            x = tf.concat([x, net], 3)
    with tf.variable_scope("transition"):
        x = tf.nn.relu(tf.layers.batch_normalization(x, training=training))
        x = tf.layers.average_pooling2d(tf.layers.conv2d(x, 4, 1), 2, 2)
    x = tf.reduce_mean(x, [1, 2], name="pool")
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(x)))
    return _case(
        IMAGES,
        [x],
        feed={"training:0": True},
        eval_feed={"training:0": False},
        train_op=[step.name],
    )


def block_mobile_net():
    """Depthwise convolutions of slim with batch norm and ReLU6, and an inverted residual."""
    with slim.arg_scope(
        [slim.conv2d, slim.separable_conv2d],
        activation_fn=tf.nn.relu6,
        normalizer_fn=slim.batch_norm,
        normalizer_params={"is_training": False, "center": True, "scale": True},
    ):
        x = slim.conv2d(_images(), 4, 3, stride=2, scope="Conv2d_0")
        x = slim.separable_conv2d(
            x, None, 3, depth_multiplier=1, stride=1, scope="Conv2d_1_depthwise"
        )
        x = slim.conv2d(x, 4, 1, scope="Conv2d_1_pointwise")
        with tf.variable_scope("expanded_conv"):
            net = slim.conv2d(x, 12, 1, scope="expand")
            net = slim.separable_conv2d(net, None, 3, depth_multiplier=1, scope="depthwise")
            net = slim.conv2d(net, 4, 1, activation_fn=None, scope="project")
            x = net + x
    x = slim.avg_pool2d(x, x.shape[1:3].as_list(), padding="VALID", scope="AvgPool_1a")
    x = slim.conv2d(x, 5, 1, activation_fn=None, normalizer_fn=None, scope="Conv2d_1c_1x1")
    return _case(IMAGES, [tf.squeeze(x, [1, 2], name="SpatialSqueeze")])


def block_residual():
    """A bottleneck of version 2 with pre-activation, by explicit padding, and a shortcut."""
    training = False
    x = _images()

    def fixed(net, filters, kernel, strides):
        if strides > 1:
            begin = (kernel - 1) // 2
            ends = [begin, kernel - 1 - begin]
            net = tf.pad(net, [[0, 0], ends, ends, [0, 0]])
        return tf.layers.conv2d(
            net, filters, kernel, strides, "SAME" if strides == 1 else "VALID", use_bias=False
        )

    def norm(net):
        net = tf.layers.batch_normalization(
            net, momentum=0.997, epsilon=1e-5, training=training, fused=True
        )
        return tf.nn.relu(net)

    x = fixed(x, 4, 3, 1)
    pre = norm(x)
    shortcut = fixed(pre, 8, 1, 2)
    net = norm(fixed(pre, 2, 1, 1))
    net = norm(fixed(net, 2, 3, 2))
    x = fixed(net, 8, 1, 1) + shortcut
    x = tf.reduce_mean(norm(x), [1, 2], keepdims=True)
    return _case(IMAGES, [tf.layers.dense(tf.reshape(x, [-1, 8]), 3)])


def block_u_net():
    """A U-Net: pooling, a transposed convolution by hand, cropped features joined."""
    x = _images()
    w1, b1 = tf.get_variable("w1", [3, 3, 3, 4]), tf.get_variable("b1", [4])
    first = tf.nn.relu(tf.nn.conv2d(x, w1, [1, 1, 1, 1], "VALID") + b1)
    pooled = tf.nn.max_pool(first, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    deep = tf.nn.relu(tf.layers.conv2d(pooled, 6, 2, name="deep"))
    wd = tf.get_variable("wd", [2, 2, 3, 6])
    shape = tf.shape(deep)
    out_shape = tf.stack([shape[0], shape[1] * 2, shape[2] * 2, 3])
    up = tf.nn.relu(tf.nn.conv2d_transpose(deep, wd, out_shape, [1, 2, 2, 1], "VALID"))
    x1, x2 = tf.shape(first), tf.shape(up)
    offsets = [0, (x1[1] - x2[1]) // 2, (x1[2] - x2[2]) // 2, 0]
    crop = tf.slice(first, offsets, [-1, x2[1], x2[2], 4])
    joined = tf.concat([crop, up], 3)
    logits = tf.layers.conv2d(joined, 2, 1, name="logits")
    big = tf.exp(logits)
    return _case(IMAGES, [logits, big / tf.reduce_sum(big, 3, keepdims=True)])


def block_capsule():
    """Capsules: squash, and predictions by a tiled weight, routed twice."""
    x = tf.layers.conv2d(_images(), 8, 5, 2, activation=tf.nn.relu, name="primary")
    caps = tf.reshape(x, [-1, 8, 4])

    def squash(vectors):
        squared = tf.reduce_sum(tf.square(vectors), -1, keepdims=True)
        return squared / (1 + squared) / tf.sqrt(squared + 1e-9) * vectors

    caps = squash(caps)
    w = tf.get_variable("W", [1, 8, 2, 3, 4])
    tiled = tf.tile(w, [tf.shape(caps)[0], 1, 1, 1, 1])
    u = tf.tile(tf.expand_dims(tf.expand_dims(caps, -1), 2), [1, 1, 2, 1, 1])
    hats = tf.matmul(tiled, u)
    logits = tf.zeros([tf.shape(caps)[0], 8, 2, 1, 1])
    for _ in range(2):
        c = tf.nn.softmax(logits, axis=2)
        v = tf.reduce_sum(c * hats, axis=1, keepdims=True)
        squared = tf.reduce_sum(tf.square(v), -2, keepdims=True)
        v = squared / (1 + squared) / tf.sqrt(squared + 1e-9) * v
        logits += tf.matmul(hats, tf.tile(v, [1, 8, 1, 1, 1]), transpose_a=True)
    return _case(IMAGES, [tf.sqrt(tf.reduce_sum(tf.square(tf.squeeze(v, [1, 4])), -1))])


def block_attention():
    """Heads of attention with a mask of padding, and layer normalization of contrib."""
    x = _series()
    mask = tf.sign(tf.abs(tf.reduce_sum(x, -1)))
    q, k, v = [tf.layers.dense(x, 8, tf.nn.relu, name=n) for n in ("q", "k", "v")]
    heads = [tf.concat(tf.split(each, 2, axis=2), axis=0) for each in (q, k, v)]
    scores = tf.matmul(heads[0], tf.transpose(heads[1], [0, 2, 1])) / 2.0
    masks = tf.tile(tf.expand_dims(tf.tile(mask, [2, 1]), 1), [1, 5, 1])
    scores = tf.where(tf.equal(masks, 0), tf.ones_like(scores) * (-(2.0**32) + 1), scores)
    future = tf.linalg.LinearOperatorLowerTriangular(tf.ones_like(scores[0])).to_dense()
    future = tf.tile(tf.expand_dims(future, 0), [tf.shape(scores)[0], 1, 1])
    scores = tf.where(tf.equal(future, 0), tf.ones_like(scores) * -1e9, scores)
    out = tf.matmul(tf.nn.softmax(scores), heads[2])
    out = tf.concat(tf.split(out, 2, axis=0), axis=2) + x
    normed = contrib.layer_norm(out, begin_norm_axis=-1, scope="ln")
    return _case(SERIES, [normed])


def block_additive_attention():
    """Attention of Bahdanau's kind over series, written by hand."""
    x = _series()
    w = tf.get_variable("w_omega", [8, 6])
    b = tf.get_variable("b_omega", [6])
    u = tf.get_variable("u_omega", [6])
    v = tf.tanh(tf.tensordot(x, w, axes=1) + b)
    alphas = tf.nn.softmax(tf.tensordot(v, u, axes=1), name="alphas")
    return _case(SERIES, [tf.reduce_sum(x * tf.expand_dims(alphas, -1), 1), alphas])


def block_norms():
    """Layer, instance and group normalization of contrib."""
    x = _images()
    x = tf.layers.conv2d(x, 4, 3, padding="same", name="conv")
    return _case(
        IMAGES,
        [
            contrib.layer_norm(x, scope="layer"),
            contrib.instance_norm(x, scope="instance"),
            contrib.group_norm(x, groups=2, scope="group"),
            contrib.layer_norm(contrib.flatten(x), activation_fn=tf.nn.relu, scope="flat"),
        ],
    )


def block_spectral_norm():
    """A convolution whose kernel is divided by its largest singular value."""
    x = _images()
    w = tf.get_variable("kernel", [3, 3, 3, 4])
    flat = tf.reshape(w, [-1, 4])
    u = tf.get_variable("u", [1, 4], trainable=False)
    v_ = tf.nn.l2_normalize(tf.matmul(u, tf.transpose(flat)))
    u_ = tf.stop_gradient(tf.nn.l2_normalize(tf.matmul(v_, flat)))
    v_ = tf.stop_gradient(v_)
    sigma = tf.matmul(tf.matmul(v_, flat), tf.transpose(u_))
    with tf.control_dependencies([u.assign(u_)]):
        normed = tf.reshape(flat / sigma, [3, 3, 3, 4])
    return _case(IMAGES, [tf.nn.conv2d(x, normed, [1, 2, 2, 1], "SAME")])


def block_weight_norm():
    """A dense layer and a convolution whose kernels have a length of their own."""
    x = _images()
    v = tf.get_variable("v", [3, 3, 3, 4])
    g, b = tf.get_variable("g", [4]), tf.get_variable("b", [4])
    w = tf.reshape(g, [1, 1, 1, 4]) * tf.nn.l2_normalize(v, [0, 1, 2])
    x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, w, [1, 2, 2, 1], "SAME"), b))
    flat = contrib.flatten(x)
    v2, g2 = tf.get_variable("v2", [64, 3]), tf.get_variable("g2", [3])
    out = tf.matmul(flat, v2) * tf.reshape(g2 / tf.sqrt(tf.reduce_sum(tf.square(v2), [0])), [1, 3])
    return _case(IMAGES, [out])


def block_activations():
    """A PReLU with a variable, maxout, a gated unit, concatenated ReLU, swish with a variable."""
    x = tf.layers.conv2d(_images(), 4, 3, name="conv")
    alpha = tf.get_variable("alpha", [4])
    prelu = tf.maximum(0.0, x) + alpha * tf.minimum(0.0, x)
    other = tf.nn.relu(x) + tf.get_variable("a2", [4]) * (x - tf.abs(x)) * 0.5
    maxed = contrib.maxout(x, 2)
    first, second = tf.split(x, 2, 3)
    gated = first * tf.sigmoid(second)
    beta = tf.get_variable("beta", [])
    return _case(
        IMAGES,
        [prelu, other, maxed, gated, tf.nn.crelu(x), x * tf.sigmoid(beta * x)],
    )


def block_batch_renorm():
    """Batch renormalization in evaluation."""
    x = tf.layers.dense(_rows(), 4, name="dense")
    return _case(
        ROWS,
        [tf.layers.batch_normalization(x, renorm=True, training=False, name="norm")],
    )


def block_virtual_batch():
    """Batch normalization of virtual batches in training."""
    x = tf.layers.dense(_rows(), 4, name="dense")
    return _case(
        ROWS,
        [tf.layers.batch_normalization(x, virtual_batch_size=2, training=True, name="norm")],
    )


def block_squeeze_excite():
    """Channels that are scaled by a gate of their means, and a hard swish."""
    x = tf.layers.conv2d(_images(), 4, 3, padding="same", name="conv")
    gate = tf.reduce_mean(x, [1, 2], keepdims=True)
    gate = tf.layers.conv2d(gate, 2, 1, activation=tf.nn.relu, name="reduce")
    gate = tf.layers.conv2d(gate, 4, 1, activation=tf.nn.sigmoid, name="expand")
    x = gate * x
    return _case(IMAGES, [x * tf.nn.relu6(x + 3) / 6])


def block_highway():
    """Highway layers with a carry bias."""
    x = _rows()
    for k in range(2):
        with tf.variable_scope(f"highway_{k}"):
            h = tf.layers.dense(x, 6, tf.nn.relu, name="h")
            t = tf.layers.dense(
                x, 6, tf.sigmoid, bias_initializer=tf.constant_initializer(-1.0), name="t"
            )
            x = h * t + x * (1.0 - t)
    return _case(ROWS, [x])


def block_shuffle():
    """Grouped convolutions by splitting, and shuffled channels."""
    x = tf.layers.conv2d(_images(), 4, 1, name="first")
    parts = [
        tf.layers.conv2d(each, 2, 1, name=f"group_{k}") for k, each in enumerate(tf.split(x, 2, 3))
    ]
    x = tf.concat(parts, 3)
    x = tf.reshape(x, [-1, 8, 8, 2, 2])
    x = tf.reshape(tf.transpose(x, [0, 1, 2, 4, 3]), [-1, 8, 8, 4])
    return _case(IMAGES, [tf.space_to_depth(x, 2), tf.depth_to_space(x, 2)])


def block_pyramid():
    """Pooling of a pyramid: features of several sizes, resized and joined."""
    x = tf.layers.conv2d(_images(), 4, 3, padding="same", name="conv")
    parts = [x]
    for size in (4, 8):
        part = tf.nn.avg_pool(x, [1, size, size, 1], [1, size, size, 1], "SAME")
        part = tf.layers.conv2d(part, 2, 1, name=f"part_{size}")
        parts.append(tf.image.resize_bilinear(part, [8, 8], align_corners=True))
    return _case(IMAGES, [tf.concat(parts, 3)])


CASES = {name: f for name, f in list(globals().items()) if name.startswith("block_")}
