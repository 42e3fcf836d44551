"""Builds nets that add normal noise in training."""

import numpy as np
import tensorflow as tf

ROWS = np.random.RandomState(0).randn(5, 6).astype("f")


def _hidden():
    x = tf.placeholder(tf.float32, [None, 6], name="X")
    return tf.layers.dense(x, 4, tf.nn.relu, name="hidden")


def _case(x, placeholder, kept=(True, False)):
    output = tf.layers.dense(x, 2, name="out")
    made = {"inputs": {"X:0": ROWS}, "outputs": [output.name]}
    made["feed"], made["eval_feed"] = ({placeholder.name: each} for each in kept)
    return made


def noise_branch():
    """In the branch of tf.cond that training takes."""
    flag = tf.placeholder(tf.bool, [], name="training")
    x = _hidden()
    added = lambda: tf.nn.tanh(x) + tf.random_normal(tf.shape(x), stddev=0.3)  # noqa: E731
    return _case(tf.cond(flag, added, lambda: tf.nn.tanh(x)), flag)


def noise_chosen():
    """Chosen by tf.where; the noise is scaled by hand."""
    flag = tf.placeholder(tf.bool, [], name="training")
    x = _hidden()
    return _case(tf.where(flag, 0.2 * tf.random_normal(tf.shape(x)) + x, x), flag)


def noise_deviation():
    """Of a deviation that is fed, and 0 in evaluation."""
    deviation = tf.placeholder(tf.float32, [], name="deviation")
    x = _hidden()
    return _case(x + deviation * tf.random_normal(tf.shape(x)), deviation, (0.25, 0.0))


def noise_keras():
    """The layer of tf.keras."""
    x = tf.keras.layers.GaussianNoise(0.4)(_hidden())
    return _case(x, tf.keras.backend.learning_phase())


CASES = {name: f for name, f in list(globals().items()) if name.startswith("noise_")}
