import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes
from tf1_program import descend, entropy, placeholders, saved, variable
from tf_recipes.verify import verify

v1 = tf.compat.v1


@pytest.mark.parametrize(("training", "statistics"), [(True, "batch"), (False, "moving")])
def test_statistics_that_training_does_not_change(tmp_path, training, statistics):
    """TF 1.15's `tf.layers.batch_normalization` with a constant `training`, for rank 2: unfused."""
    random = np.random.RandomState(0)
    feeds = {"x": random.rand(24, 6).astype("f4"), "y": random.randint(0, 3, 24)}

    def program():
        x, y = placeholders(6)
        with v1.variable_scope("batch_normalization"):
            gamma, beta = variable("gamma", [6], 1), variable("beta", [6], 0)
            mean = variable("moving_mean", [6], 0, trainable=False)
            variance = variable("moving_variance", [6], 1, trainable=False)
        moments = tf.nn.moments(x, [0]) if training else (mean, variance)
        net = tf.nn.batch_normalization(x, *moments, beta, gamma, 0.001)
        with v1.variable_scope("out"):
            descend(entropy(tf.matmul(net, variable("kernel", [6, 3])), y))

    prefix = saved(tmp_path, program)

    def port(norm):
        inputs = keras.Input((6,), name="x")
        net = norm(name="batch_normalization")(inputs)
        model = keras.Model(inputs, keras.layers.Dense(3, use_bias=False, name="out")(net))
        entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), entropy)
        return model

    settings = {"steps": 3, "batch_size": 8, "cache": False}
    report = verify(lambda: port(keras.layers.BatchNormalization), prefix, feeds, **settings)
    assert report.exit_status == 1
    assert report.reasons[0]["name"] == "batch_norm_statistics"
    code = report.reasons[0]["code"]
    assert f'statistics="{statistics}"' in code

    # the code that the reason says makes the port right
    def mended(name):
        layer = eval(code, {"tf_recipes": tf_recipes})
        layer.name = name
        return layer

    report = verify(lambda: port(mended), prefix, feeds, **settings)
    assert report.passed, str(report)


def test_the_code_keeps_what_is_right(tmp_path):
    """The port takes the batch's statistics rightly, without beta, and another moving variance."""
    random = np.random.RandomState(0)
    feeds = {"x": random.rand(24, 6).astype("f4"), "y": random.randint(0, 3, 24)}

    def program():
        x, y = placeholders(6)
        with v1.variable_scope("norm"):
            gamma = variable("gamma", [6], 1)
            averages = [
                variable(n, [6], start, trainable=False)
                for n, start in (("moving_mean", 0), ("moving_variance", 1))
            ]
        moments = tf.nn.moments(x, [0])
        net = tf.nn.batch_normalization(x, *moments, None, gamma, 0.001)
        moved = [v1.assign_sub(a, (a - m) * 0.1) for a, m in zip(averages, moments, strict=True)]
        with v1.variable_scope("out"):
            loss = entropy(tf.matmul(net, variable("kernel", [6, 3])), y)
        with tf.control_dependencies(moved):
            descend(loss)

    def port(norm):
        inputs = keras.Input((6,), name="x")
        net = keras.layers.Dense(3, use_bias=False, name="out")(norm(inputs))
        model = keras.Model(inputs, net)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss)
        return model

    fused = {"momentum": 0.9, "scale": True, "center": False, "statistics": "batch"}
    checkpoint = saved(tmp_path, program)
    settings = {"steps": 3, "batch_size": 8, "cache": False}
    report = verify(
        lambda: port(tf_recipes.BatchNormalization(**fused)), checkpoint, feeds, **settings
    )
    assert [each["name"] for each in report.reasons] == ["batch_norm_variance"], str(report)
    code = report.reasons[0]["code"]

    def mended():
        return port(eval(code, {"tf_recipes": tf_recipes}))

    assert verify(mended, checkpoint, feeds, **settings).passed, code
