"""Builds dropout in the forms of all versions of TF1."""

import numpy as np
import tensorflow as tf

ROWS = np.random.RandomState(0).randn(5, 6).astype("f")
IMAGES = np.random.RandomState(0).randn(2, 4, 4, 3).astype("f")


def _rows():
    return tf.placeholder(tf.float32, [None, 6], name="X")


def _case(output, keep=None, flag=None, array=ROWS, kept=(0.6, 1.0)):
    made = {"inputs": {"X:0": array}, "outputs": [output.name], "feed": {}, "eval_feed": {}}
    if keep is not None:
        made["feed"][keep.name], made["eval_feed"][keep.name] = kept
    if flag is not None:
        made["feed"][flag.name], made["eval_feed"][flag.name] = True, False
    return made


def drop_keep_prob():
    """TF 1.15's own, by a placeholder of the share that is kept."""
    keep = tf.placeholder(tf.float32, name="keep_prob")
    x = tf.nn.dropout(tf.layers.dense(_rows(), 4, tf.nn.relu, name="hidden"), keep)
    return _case(tf.layers.dense(x, 2, name="out"), keep)


def drop_vector():
    """The shares of all layers in one placeholder, as DeepFM has them."""
    keep = tf.placeholder(tf.float32, [None], name="dropout_keep")
    x = tf.nn.dropout(tf.layers.dense(_rows(), 4, tf.nn.relu, name="hidden"), keep[0])
    x = tf.nn.dropout(tf.layers.dense(x, 4, tf.nn.relu, name="hidden2"), keep[1])
    return _case(tf.layers.dense(x, 2, name="out"), keep, kept=([0.6, 0.8], [1.0, 1.0]))


def drop_rate():
    """TF 1.15's own, by a placeholder of the share that is dropped."""
    rate = tf.placeholder_with_default(0.0, [], name="rate")
    x = tf.nn.dropout(tf.layers.dense(_rows(), 4, tf.nn.relu, name="hidden"), rate=rate)
    return _case(tf.layers.dense(x, 2, name="out"), rate, kept=(0.25, 0.0))


def drop_flag():
    """Layers of tf.layers, contrib and tf.keras behind tf.cond."""
    flag = tf.placeholder(tf.bool, [], name="training")
    x = tf.layers.dense(_rows(), 4, tf.nn.relu, name="hidden")
    x = tf.layers.dropout(x, 0.3, training=flag)
    x = tf.layers.dense(x, 4, name="hidden2")
    x = tf.contrib.layers.dropout(x, 0.8, is_training=flag, scope="second")
    return _case(tf.layers.dense(x, 2, name="out"), flag=flag)


def drop_keras():
    """The layer of tf.keras with the learning phase."""
    x = tf.keras.layers.Dropout(0.4)(tf.layers.dense(_rows(), 4, name="hidden"))
    return _case(tf.layers.dense(x, 2, name="out"), flag=tf.keras.backend.learning_phase())


def drop_old():
    """The form up to TF 1.12: the floor of keep_prob plus a random number."""
    keep = tf.placeholder(tf.float32, [], name="keep_prob")
    x = tf.layers.dense(_rows(), 4, tf.nn.relu, name="hidden")
    with tf.name_scope("dropout"):
        random_tensor = keep + tf.random_uniform(tf.shape(x), seed=3, dtype=x.dtype)
        x = tf.div(x, keep) * tf.floor(random_tensor)
    return _case(tf.layers.dense(x, 2, name="out"), keep)


def drop_channels():
    """Whole channels, by noise_shape."""
    keep = tf.placeholder(tf.float32, [], name="keep_prob")
    x = tf.placeholder(tf.float32, [None, 4, 4, 3], name="X")
    x = tf.layers.conv2d(x, 2, 2, name="conv")
    x = tf.nn.dropout(x, keep, noise_shape=[tf.shape(x)[0], 1, 1, 2])
    return _case(x, keep, array=IMAGES)


def drop_select():
    """By hand, with tf.where; the share is computed."""
    rate = tf.placeholder(tf.float32, [], name="rate")
    x = tf.layers.dense(_rows(), 4, name="hidden")
    kept = tf.random_uniform(tf.shape(x)) < 1 - rate
    x = tf.where(kept, x / (1 - rate), tf.zeros_like(x))
    return _case(tf.layers.dense(x, 2, name="out"), rate, kept=(0.5, 0.0))


def drop_chosen_keep():
    """A share that is chosen by the flag of training."""
    flag = tf.placeholder(tf.bool, [], name="training")
    keep = tf.cond(flag, lambda: tf.constant(0.7), lambda: tf.constant(1.0))
    x = tf.nn.dropout(tf.layers.dense(_rows(), 4, name="hidden"), keep)
    return _case(tf.layers.dense(x, 2, name="out"), flag=flag)


def drop_nothing():
    """A share of one in training as well, and scaled products that are no dropout."""
    keep = tf.placeholder(tf.float32, [], name="keep_prob")
    x = tf.nn.dropout(tf.layers.dense(_rows(), 4, name="hidden"), keep)
    for number in (2.0, 3.0, 0.5, 0.25, 4.0, 2.0):
        x = tf.square(x) * number * 0.5
    for number in (2.0, 3.0, 0.5, 0.25, 4.0, 2.0):
        x = x * number
    return _case(tf.layers.dense(x, 2, name="out"), keep, kept=(1.0, 1.0))


def drop_mask_first():
    """The scaled mask first, the comparison turned round, and the numbers on either side."""
    keep = tf.placeholder(tf.float32, [], name="keep_prob")
    x = tf.layers.dense(_rows(), 4, name="hidden")
    mask = tf.cast(keep > tf.random_uniform(tf.shape(x)), tf.float32)
    x = tf.layers.dense(mask / keep * x, 4, name="hidden2")
    mask = tf.floor(tf.random_uniform(tf.shape(x)) + keep)
    x = (1.0 / keep) * (mask * x)
    x = tf.layers.dense(x, 3, name="hidden3")
    mask = tf.to_float(tf.greater_equal(tf.random_uniform(tf.shape(x)), 0.0 + 1 - keep))
    return _case(tf.layers.dense((mask * (1 / keep)) * x, 2, name="out"), keep)


def drop_masks_of_data():
    """Products with masks that are not drawn: floors, comparisons and choices of data."""
    x = tf.layers.dense(_rows(), 4, name="hidden")
    x = x * tf.floor(x + 0.5) + x * tf.floor(x * 3.0)
    x = x * tf.cast(x > 0.1, tf.float32) + x * tf.cast(tf.equal(x, 0.0), tf.float32)
    x = tf.where(x > 0.2, x, tf.zeros_like(x)) + 2.0 * tf.to_float(x > 0.3) * x
    return _case(tf.layers.dense(x, 2, name="out"))


CASES = {name: f for name, f in list(globals().items()) if name.startswith("drop_")}
