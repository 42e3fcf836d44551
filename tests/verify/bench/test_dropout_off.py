"""Evaluates graphs whose dropout no feed turns off, as an Estimator's graph of training."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes
from tf1_program import descend, entropy, placeholders, saved, v1, variable
from tf_recipes.verify import verify

RANDOM = np.random.RandomState(0)
FEEDS = {"x": RANDOM.rand(16, 6).astype("f4"), "y": RANDOM.randint(0, 3, 16).astype("i4")}


@pytest.mark.parametrize("version", ["1.15", "1.13"])
def test_dropout_without_a_feed_does_nothing_in_evaluation(tmp_path, version):
    def program():
        x, y = placeholders(6)
        drawn = tf.random.uniform(tf.shape(x))
        kept = x * (1 / 0.75) * tf.cast(drawn >= 0.25, tf.float32)  # as tf.nn.dropout of 1.15
        if version == "1.13":
            kept = x / 0.75 * tf.floor(0.75 + drawn)
        with v1.variable_scope("out"):
            descend(entropy(tf.matmul(kept, variable("kernel", [6, 3])), y))

    def port(rate):
        def build():
            inputs = keras.Input((6,), name="x")
            net = keras.layers.Dropout(rate)(inputs)
            model = keras.Model(inputs, keras.layers.Dense(3, use_bias=False, name="out")(net))
            error = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            model.compile(tf_recipes.GradientDescent(0.1), error)
            return model

        return build

    checkpoint = saved(tmp_path, program)
    settings = {"steps": 2, "batch_size": 8, "cache": False, "explain": False}
    report = verify(port(0.25), checkpoint, FEEDS, **settings)
    assert report.document["forward"]["passed"], str(report)
    if version == "1.15":
        assert report.passed, str(report)
        assert not verify(port(0.5), checkpoint, FEEDS, **settings).passed
