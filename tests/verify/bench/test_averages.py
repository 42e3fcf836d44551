"""Moving averages of weights that the port's optimizer keeps are compared with those of TF1."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes
from tf1_program import entropy, placeholders, saved, v1, variable
from tf_recipes.verify import verify

RANDOM = np.random.RandomState(0)
FEEDS = {"x": RANDOM.rand(24, 6).astype("f4"), "y": RANDOM.randint(0, 3, 24)}


def program():
    x, y = placeholders(6)
    with v1.variable_scope("out"):
        loss = entropy(tf.matmul(x, variable("kernel", [6, 3])), y)
    step = v1.train.get_or_create_global_step()
    descended = v1.train.GradientDescentOptimizer(0.5).minimize(loss, step)
    with tf.control_dependencies([descended]):
        averaged = v1.train.ExponentialMovingAverage(0.75).apply(v1.trainable_variables())
    v1.add_to_collection("train_op", averaged)


def port(optimizer):
    def build():
        inputs = keras.Input((6,), name="x")
        model = keras.Model(inputs, keras.layers.Dense(3, use_bias=False, name="out")(inputs))
        entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer(), entropy)
        return model

    return build


def ours(decay):
    return lambda: tf_recipes.ExponentialMovingAverage(tf_recipes.GradientDescent(0.5), decay)


@pytest.mark.parametrize(
    ("optimizer", "passed"),
    [
        (ours(0.75), True),
        (ours(0.99), False),
        # Keras begins with the weights after the first step, and TF1 with those before it
        (lambda: keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.75), False),
    ],
)
def test_averages_are_compared_where_the_optimizer_keeps_them(tmp_path, optimizer, passed):
    settings = {"steps": 3, "batch_size": 8, "cache": False}
    report = verify(port(optimizer), saved(tmp_path, program), FEEDS, **settings)
    shadow = "out/kernel/ExponentialMovingAverage"
    assert report.passed == passed, str(report)
    assert passed or report.first_failure["name"] == shadow
    rows = {row["tf1"]: row for row in report.document["training"]["variables"]}
    assert rows[shadow]["kind"] == "moving average" and rows[shadow]["keras"]
    assert shadow not in {each["name"] for each in report.document["not_compared"]}


def test_averages_that_no_optimizer_keeps_are_named(tmp_path):
    plain = port(lambda: tf_recipes.GradientDescent(0.5))
    report = verify(plain, saved(tmp_path, program), FEEDS, steps=3, batch_size=8, cache=False)
    assert report.passed
    names = {each["name"] for each in report.document["not_compared"]}
    assert "out/kernel/ExponentialMovingAverage" in names
