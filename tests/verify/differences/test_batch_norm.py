import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes
from tf_recipes.verify import verify

v1 = tf.compat.v1


@pytest.mark.parametrize(("training", "statistics"), [(True, "batch"), (False, "moving")])
def test_statistics_that_training_does_not_change(tmp_path, training, statistics):
    """TF 1.15's `tf.layers.batch_normalization` with a constant `training`, for rank 2: unfused."""
    random, prefix = np.random.RandomState(0), str(tmp_path / "model.ckpt")
    feeds = {"x": random.rand(24, 6).astype("f4"), "y": random.randint(0, 3, 24)}
    with tf.Graph().as_default(), v1.Session() as session:
        x, y = v1.placeholder(tf.float32, [None, 6], "x"), v1.placeholder(tf.int64, [None], "y")
        uniform = v1.random_uniform_initializer(-0.5, 0.5, seed=1)

        def variable(name, shape, initializer, trainable=True):
            return v1.get_variable(name, shape, initializer=initializer, trainable=trainable)

        with v1.variable_scope("batch_normalization"):
            gamma = variable("gamma", [6], v1.ones_initializer())
            beta = variable("beta", [6], v1.zeros_initializer())
            mean = variable("moving_mean", [6], v1.zeros_initializer(), False)
            variance = variable("moving_variance", [6], v1.ones_initializer(), False)
        moments = tf.nn.moments(x, [0]) if training else (mean, variance)
        net = tf.nn.batch_normalization(x, *moments, beta, gamma, 0.001)
        with v1.variable_scope("out"):
            logits = tf.matmul(net, variable("kernel", [6, 3], uniform))
        v1.train.GradientDescentOptimizer(0.1).minimize(
            v1.losses.sparse_softmax_cross_entropy(y, logits)
        )
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, prefix)

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
