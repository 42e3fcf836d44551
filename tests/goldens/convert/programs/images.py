"""Builds operations of images that Keras has not, or has in another way."""

import numpy as np
import tensorflow as tf

IMAGES = np.random.RandomState(0).randn(2, 5, 6, 3).astype("f")


def _images(shape=(None, 5, 6, 3)):
    return tf.placeholder(tf.float32, shape, name="X")


def _case(*outputs):
    return {"inputs": {"X:0": IMAGES}, "outputs": [each.name for each in outputs]}


def image_lrn():
    """Local response normalization of AlexNet, and with defaults."""
    x = tf.nn.lrn(_images(), 4, bias=1.0, alpha=0.001 / 9.0, beta=0.75, name="norm1")
    return _case(tf.nn.local_response_normalization(x, depth_radius=1, name="norm2"))


def image_bilinear():
    """Bilinear resizing: larger, smaller, with aligned corners, and with centres."""
    x = _images()
    return _case(
        tf.image.resize_bilinear(x, [10, 9]),
        tf.image.resize_bilinear(x, [3, 4]),
        tf.image.resize_bilinear(x, [9, 4], align_corners=True),
        tf.compat.v2.image.resize(x, [10, 9]),
        tf.compat.v2.image.resize(x, [10, 12]),
        tf.keras.layers.UpSampling2D(2, interpolation="bilinear")(x),
    )


def image_nearest():
    """Resizing to the nearest pixel: whole factors, other ones, aligned corners, centres."""
    x = _images()
    return _case(
        tf.image.resize_nearest_neighbor(x, [10, 12]),
        tf.image.resize_images(x, [7, 4], method=tf.image.ResizeMethod.NEAREST_NEIGHBOR),
        tf.image.resize_nearest_neighbor(x, [9, 4], align_corners=True),
        tf.compat.v2.image.resize(x, [7, 4], method="nearest"),
        tf.keras.layers.UpSampling2D((2, 3))(x),
    )


def image_area():
    """Resizing by the mean of areas: larger, smaller, with aligned corners."""
    x = _images()
    return _case(
        tf.image.resize_area(x, [10, 9]),
        tf.image.resize_images(x, [3, 4], method=tf.image.ResizeMethod.AREA),
        tf.image.resize_area(x, [9, 4], align_corners=True),
        tf.compat.v2.image.resize(x, [7, 2], method="area"),
    )


def image_bicubic():
    """Resizing by cubic polynomials: larger, smaller, with aligned corners, with centres."""
    x = _images()
    return _case(
        tf.image.resize_bicubic(x, [10, 9]),
        tf.image.resize_images(x, [3, 4], method=tf.image.ResizeMethod.BICUBIC),
        tf.image.resize_bicubic(x, [9, 4], align_corners=True),
        tf.compat.v2.image.resize(x, [11, 4], method="bicubic"),
    )


def image_of_any_size():
    """A size that is computed, and no whole number of times that of the images."""
    x = _images((None, None, None, 3))
    return _case(tf.image.resize_bilinear(x, tf.shape(x)[1:3] * 2))


def image_upsampled_of_any_size():
    """Twice the size, which is computed from that of the images."""
    x = _images((None, None, None, 3))
    size = tf.shape(x)[1:3] * 2
    return _case(tf.image.resize_nearest_neighbor(x, size))


def image_tied():
    """A convolutional autoencoder whose decoder has the encoder's kernels, with strides."""
    x = _images()
    w1 = tf.get_variable("w1", [3, 3, 3, 4])
    w2 = tf.get_variable("w2", [2, 2, 4, 2])
    code = tf.nn.relu(tf.nn.conv2d(x, w1, [1, 2, 2, 1], "SAME"))
    code = tf.nn.conv2d(code, w2, [1, 1, 2, 1], "VALID")
    rows = tf.shape(x)[0]
    back = tf.nn.conv2d_transpose(code, w2, [rows, 3, 3, 4], [1, 1, 2, 1], "VALID")
    return _case(tf.nn.conv2d_transpose(back, w1, tf.shape(x), [1, 2, 2, 1], "SAME"))


CASES = {name: f for name, f in list(globals().items()) if name.startswith("image_")}
