"""Builds convolutions and pooling in the styles of TF1."""

import numpy as np
import tensorflow as tf

RNG = np.random.RandomState(0)
IMAGES = RNG.randn(2, 7, 6, 3).astype("f")
SERIES = RNG.randn(2, 9, 3).astype("f")
VOLUMES = RNG.randn(2, 4, 5, 6, 2).astype("f")
SQUARES = RNG.randn(2, 5, 5, 3).astype("f")


def _given(array, output, name="X"):
    return {"inputs": {name + ":0": array}, "outputs": [output.name]}


def _images(array=IMAGES, name="X"):
    return tf.placeholder(tf.float32, (None, *array.shape[1:]), name=name)


def conv_layers():
    """Layers of tf.layers: SAME with a stride, VALID, dilation, pooling, flatten."""
    x = tf.layers.conv2d(_images(), 4, 3, 2, "same", activation=tf.nn.relu, name="conv1")
    x = tf.layers.conv2d(x, 5, (2, 1), name="conv2")
    x = tf.layers.conv2d(x, 4, 3, padding="same", dilation_rate=2, name="conv3")
    x = tf.layers.max_pooling2d(x, 2, 1, name="pool")
    x = tf.layers.average_pooling2d(x, (2, 1), (1, 1), "same")
    x = tf.layers.dense(tf.layers.flatten(x), 3, name="out")
    return _given(IMAGES, x)


def conv_handwritten():
    """The operations of tf.nn, with dilations as an attribute."""
    w1 = tf.Variable(tf.truncated_normal([3, 3, 3, 4], stddev=0.1), name="W1")
    b1 = tf.Variable(tf.constant(0.1, shape=[4]), name="b1")
    x = tf.nn.relu(tf.nn.conv2d(_images(), w1, strides=[1, 1, 1, 1], padding="SAME") + b1)
    x = tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
    w2 = tf.Variable(tf.truncated_normal([2, 2, 4, 2], stddev=0.1), name="W2")
    x = tf.nn.conv2d(x, w2, [1, 1, 1, 1], "VALID", dilations=[1, 2, 2, 1])
    x = tf.nn.avg_pool(x, [1, 2, 1, 1], [1, 1, 1, 1], "VALID")
    return _given(IMAGES, x)


def conv_slim():
    """A block of Inception by slim, with global pooling."""
    slim = tf.contrib.slim
    x = _images()
    scope = slim.arg_scope([slim.conv2d, slim.avg_pool2d], stride=1, padding="SAME")
    with tf.variable_scope("Mixed"), scope:
        first = slim.conv2d(x, 2, [1, 1], scope="Branch_0/Conv")
        second = slim.conv2d(x, 2, [1, 3], scope="Branch_1/Conv_a")
        second = slim.conv2d(second, 3, [3, 1], scope="Branch_1/Conv_b")
        third = slim.avg_pool2d(x, [3, 3], scope="Branch_2/Pool")
        third = slim.conv2d(third, 2, [1, 1], scope="Branch_2/Conv")
    x = first + tf.nn.relu6(third) * tf.reduce_mean(second)
    x = tf.reduce_mean(x, [1, 2], keep_dims=True, name="global_pool")
    logits = slim.conv2d(x, 3, [1, 1], activation_fn=None, scope="logits")
    return _given(IMAGES, tf.squeeze(logits, [1, 2], name="squeezed"))


def conv_holes_of_any_size():
    """A convolution with dilation on images whose sizes are not known."""
    x = tf.placeholder(tf.float32, [None, None, None, 3], name="X")
    x = tf.layers.conv2d(x, 4, 3, padding="same", dilation_rate=(2, 3), name="same")
    x = tf.layers.conv2d(x, 4, (2, 1), dilation_rate=(2, 1), name="valid")
    return _given(IMAGES, x)


def conv_series():
    """Convolutions and pooling of sequences."""
    x = tf.placeholder(tf.float32, [None, 9, 3], name="X")
    x = tf.layers.conv1d(x, 4, 3, 2, "same", activation=tf.nn.relu, name="conv1")
    x = tf.layers.max_pooling1d(x, 2, 1, name="pool")
    x = tf.nn.conv1d(x, tf.get_variable("filters", [2, 4, 5]), 1, "VALID")
    x = tf.layers.average_pooling1d(x, 2, 2, "same")
    return _given(SERIES, tf.reduce_max(x, 1, name="largest"))


def conv_series_with_holes():
    """A causal block of WaveNet by tf.keras, and one with dilation by tf.layers."""
    x = tf.placeholder(tf.float32, [None, 9, 3], name="X")
    x = tf.keras.layers.Conv1D(4, 2, padding="causal", dilation_rate=2, name="causal")(x)
    x = tf.layers.conv1d(x, 2, 3, padding="same", dilation_rate=2, name="around")
    return _given(SERIES, x)


def conv_volumes():
    """Convolution and pooling of volumes."""
    x = tf.placeholder(tf.float32, [None, 4, 5, 6, 2], name="X")
    x = tf.layers.conv3d(x, 3, (2, 3, 2), padding="same", activation=tf.nn.elu, name="conv")
    x = tf.layers.max_pooling3d(x, 2, 2, name="pool")
    x = tf.nn.avg_pool3d(x, [1, 1, 2, 1, 1], [1, 1, 1, 1, 1], "SAME")
    w = tf.get_variable("W", [1, 1, 1, 3, 2])
    x = tf.nn.conv3d(x, w, [1, 1, 2, 1, 1], "VALID")
    return _given(VOLUMES, tf.reduce_mean(x, [1, 2, 3]))


def conv_depthwise():
    """Depthwise and separable convolutions of tf.nn, slim and tf.layers."""
    slim = tf.contrib.slim
    w = tf.get_variable("depthwise", [3, 3, 3, 2])
    x = tf.nn.depthwise_conv2d(_images(), w, [1, 2, 2, 1], "SAME") + tf.get_variable("b", [6])
    x = tf.layers.separable_conv2d(x, 4, 2, activation=tf.nn.relu, name="separable")
    x = slim.separable_conv2d(x, 3, [2, 2], depth_multiplier=2, scope="slim")
    x = slim.separable_conv2d(x, None, [2, 2], depth_multiplier=1, scope="depthwise_alone")
    return _given(IMAGES, x)


def conv_separable_series():
    """A separable convolution of sequences."""
    x = tf.placeholder(tf.float32, [None, 9, 3], name="X")
    return _given(SERIES, tf.layers.separable_conv1d(x, 4, 3, padding="same", name="separable"))


def conv_generator():
    """The generator of DCGAN: a projection and transposed convolutions, SAME."""
    z = tf.placeholder(tf.float32, [None, 5], name="Z")
    x = tf.reshape(tf.layers.dense(z, 2 * 2 * 4, name="project"), [-1, 2, 2, 4])
    x = tf.nn.relu(x)
    x = tf.layers.conv2d_transpose(x, 3, 5, 2, "same", activation=tf.nn.relu, name="up1")
    x = tf.layers.conv2d_transpose(x, 2, 3, 2, name="up2")
    return _given(RNG.randn(3, 5).astype("f"), tf.tanh(x), name="Z")


def conv_transposed_by_hand():
    """Transposed convolutions with a computed size, one of them an odd one."""
    x = _images(SQUARES)
    w = tf.get_variable("w", [3, 3, 2, 3])
    rows = tf.shape(x)[0]
    up = tf.nn.conv2d_transpose(x, w, [rows, 9, 9, 2], [1, 2, 2, 1])
    up = tf.nn.bias_add(up, tf.get_variable("biases", [2]))
    w2 = tf.get_variable("w2", [2, 2, 2, 2])
    shape = tf.stack([rows, 18, 18, 2])
    return _given(SQUARES, tf.nn.conv2d_transpose(up, w2, shape, [1, 2, 2, 1], "SAME"))


def conv_transposed_of_any_size():
    """A transposed convolution on images whose sizes are not known."""
    x = tf.placeholder(tf.float32, [None, None, None, 3], name="X")
    return _given(SQUARES, tf.layers.conv2d_transpose(x, 2, 3, 2, "same", name="up"))


def conv_transposed_series_and_volumes():
    """Transposed convolutions of sequences and of volumes."""
    x = tf.placeholder(tf.float32, [None, 3, 2], name="X")
    w = tf.get_variable("w", [3, 2, 2])
    x = tf.contrib.nn.conv1d_transpose(x, w, [2, 6, 2], 2, "SAME")
    x = tf.reshape(x, [-1, 3, 2, 2, 1])
    x = tf.layers.conv3d_transpose(x, 2, 2, 2, name="up")
    return _given(RNG.randn(2, 3, 2).astype("f"), x)


def conv_tied():
    """An autoencoder whose decoder has the encoder's kernel."""
    x = _images(SQUARES)
    w = tf.get_variable("w", [2, 2, 3, 4])
    code = tf.nn.sigmoid(tf.nn.conv2d(x, w, [1, 1, 1, 1], "VALID") + tf.get_variable("b", [4]))
    shape = tf.shape(x)
    return _given(SQUARES, tf.nn.conv2d_transpose(code, w, shape, [1, 1, 1, 1], "VALID"))


def conv_padded():
    """Explicit padding before VALID, as in ResNet of slim and in tf.keras."""
    slim = tf.contrib.slim
    x = tf.pad(_images(), [[0, 0], [1, 1], [1, 1], [0, 0]])
    x = slim.conv2d(x, 3, 3, stride=2, padding="VALID", scope="conv")
    x = tf.keras.layers.ZeroPadding2D(((0, 1), (2, 0)))(x)
    return _given(IMAGES, tf.layers.conv2d(x, 2, 2, name="next"))


def conv_channels_first():
    """Channels first; TF1's kernels for processors have channels last, which give the values."""
    both = []
    x = _images()
    for layout, reuse in (("channels_last", False), ("channels_first", True)):
        h = x if layout == "channels_last" else tf.placeholder(tf.float32, [None, 3, 7, 6], "Y")
        with tf.variable_scope("net", reuse=reuse):
            h = tf.layers.conv2d(h, 4, 3, 2, "same", layout, activation=tf.nn.relu, name="conv")
            h = tf.layers.max_pooling2d(h, 2, 1, data_format=layout)
            h = tf.layers.separable_conv2d(h, 3, 2, data_format=layout, name="separable")
            shortcut = h
            h = tf.nn.leaky_relu(tf.layers.conv2d(h, 3, 1, data_format=layout, name="inside"))
            h = tf.nn.relu(h + shortcut)
            channels = 1 if layout == "channels_first" else -1
            h = tf.layers.batch_normalization(h, channels, training=False, fused=True, name="bn")
            h = tf.concat([h, tf.nn.elu(h)], channels)
            h = tf.layers.conv2d_transpose(h, 2, 2, 2, data_format=layout, name="up")
            axes = [2, 3] if layout == "channels_first" else [1, 2]
            h = tf.reduce_mean(h, axes)
        both.append(h)
    return {
        "inputs": {"Y:0": np.transpose(IMAGES, [0, 3, 1, 2]).copy()},
        "run_inputs": {"X:0": IMAGES},
        "outputs": [both[1].name],
        "run_outputs": [both[0].name],
    }


CASES = {name: f for name, f in list(globals().items()) if name.startswith("conv_")}
