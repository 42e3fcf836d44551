"""Builds activations by arithmetic, and normalizations of vectors and images."""

import numpy as np
import tensorflow as tf

ROWS = np.random.RandomState(0).randn(5, 6).astype("f") * 3
IMAGES = np.random.RandomState(0).randn(2, 4, 4, 3).astype("f")


def _rows():
    return tf.placeholder(tf.float32, [None, 6], name="X")


def _case(outputs, array=ROWS):
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return {"inputs": {"X:0": array}, "outputs": [each.name for each in outputs]}


def formula_leaky():
    """Leaky ReLU by Maximum, by Select, by its operation and by Relu, with several slopes."""
    x = tf.layers.dense(_rows(), 4, name="first")
    x = tf.maximum(0.01 * x, x)
    x = tf.layers.dense(x, 4, activation=tf.nn.leaky_relu, name="second")
    x = tf.layers.dense(x, 4, name="third")
    x = tf.where(x > 0, x, 0.3 * x, name="third/leaky")
    x = tf.layers.dense(x, 4, name="fourth")
    x = tf.nn.relu(x) - 0.1 * tf.nn.relu(-x)
    return _case(tf.nn.leaky_relu(x, 0.05, name="out"))


def formula_selu():
    """Selu by hand, as in many notebooks."""
    x = tf.layers.dense(_rows(), 4, name="first")
    alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
    x = scale * tf.where(x >= 0.0, x, alpha * tf.nn.elu(x))
    x = tf.layers.dense(x, 4, name="second")
    return _case(scale * tf.where(x > 0.0, x, alpha * tf.exp(x) - alpha))


def formula_smooth():
    """Swish by tf.nn and by hand, gelu in both forms, mish."""
    x = tf.layers.dense(_rows(), 4, activation=tf.nn.swish, name="first")
    x = tf.layers.dense(x, 4, name="second")
    x = x * tf.nn.sigmoid(x)
    x = tf.layers.dense(x, 4, name="third")
    x = 0.5 * x * (1.0 + tf.erf(x / tf.sqrt(2.0)))
    x = tf.layers.dense(x, 4, name="fourth")
    x = x * 0.5 * (1.0 + tf.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * tf.pow(x, 3))))
    return _case(x * tf.tanh(tf.nn.softplus(x)))


def formula_limits():
    """Relu and relu6 by limits, and other limits."""
    x = tf.maximum(0.0, tf.layers.dense(_rows(), 4, name="first"))
    x = tf.minimum(tf.maximum(tf.layers.dense(x, 4, name="second"), 0), 6)
    x = tf.layers.dense(x, 4, name="third")
    x = tf.clip_by_value(x, -1.0, 1.5)
    return _case(tf.minimum(x, 1.0, name="out"))


def formula_softmax():
    """Softmax over the last axis of a sequence, also by hand and made flat as before TF 1.5."""
    x = tf.placeholder(tf.float32, [None, 2, 3], name="X")
    logits = tf.layers.dense(x, 4, name="logits")
    flat = tf.reshape(logits, [-1, 4])
    first = tf.reshape(tf.nn.softmax(flat), tf.shape(logits), name="first")
    second = tf.nn.log_softmax(tf.layers.dense(x, 4, name="logits2"))
    return _case([first, second], np.reshape(ROWS, [5, 2, 3]))


def formula_vectors():
    """L2 normalization, maxout, and the standardisation of images."""
    x = tf.nn.l2_normalize(tf.layers.dense(_rows(), 6, name="first"), 1)
    x = tf.contrib.layers.maxout(x, 3)
    return _case(x)


def formula_images():
    """The standardisation of images, and pooling over channels by maxout."""
    x = tf.placeholder(tf.float32, [None, 4, 4, 3], name="X")
    x = tf.image.per_image_standardization(x)
    return _case(tf.layers.conv2d(x, 2, 2, name="conv"), IMAGES)


CASES = {name: f for name, f in list(globals().items()) if name.startswith("formula_")}
