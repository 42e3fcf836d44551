"""Reasons for a loss with other arguments: the smoothing of labels, probabilities for logits."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf1_program import descend, placeholders, saved, v1, variable
from tf_recipes.verify import verify

RANDOM = np.random.RandomState(0)
FEEDS = {"x": RANDOM.rand(24, 6).astype("f4"), "y": RANDOM.randint(0, 4, 24)}


def program():
    """Labels that tf.losses smooths by 0.2."""
    x, y = placeholders(6)
    with v1.variable_scope("out"):
        logits = tf.matmul(x, variable("kernel", [6, 4]))
    smoothed = {"label_smoothing": 0.2, "loss_collection": None}
    descend(v1.losses.softmax_cross_entropy(tf.one_hot(y, 4), logits, **smoothed))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("loss"), program)


def port(loss):
    def build():
        inputs = keras.Input((6,), name="x")
        model = keras.Model(inputs, keras.layers.Dense(4, use_bias=False, name="out")(inputs))
        model.compile(keras.optimizers.SGD(0.1), loss)
        return model

    return build


SMOOTHED = "keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)"


@pytest.mark.parametrize("share", [0.0, 0.1], ids=["not smoothed", "smoothed otherwise"])
def test_the_share_by_which_tf1_smooths_is_named(share, checkpoint):
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=share)
    settings = {"steps": 3, "batch_size": 8, "cache": False}
    report = verify(port(loss), checkpoint, FEEDS, **settings)
    assert not report.passed
    (reason,) = report.reasons
    assert (reason["name"], reason["code"]) == ("label_smoothing", SMOOTHED)
    assert reason["text"].endswith(f"TF1 smooths the labels by 0.2; the port by {share:g}")
    assert reason["ratio_after"] <= 10
    assert verify(port(eval(SMOOTHED)), checkpoint, FEEDS, **settings).passed


def test_a_loss_by_name_that_takes_probabilities_is_named_with_a_second_mistake(checkpoint):
    settings = {"steps": 3, "batch_size": 8, "cache": False}
    report = verify(port("categorical_crossentropy"), checkpoint, FEEDS, **settings)
    assert not report.passed
    assert [each["name"] for each in report.reasons] == ["logits", "label_smoothing"]
    assert report.reasons[1]["code"] == SMOOTHED
