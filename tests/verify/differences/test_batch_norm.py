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
