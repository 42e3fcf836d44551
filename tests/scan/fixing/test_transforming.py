"""Tests that rewritten functions compute on Keras what the old ones compute on TF 1.15.

Each program has `compute(x)`. Weights are constants or, where numbers are drawn, the result is a
spread that hardly varies. All programs run in one process of TF1.
"""

import json
import textwrap

import keras
import numpy as np
import pytest

from tf_recipes.scan.fixing import fixer

X = (np.arange(2 * 6 * 6 * 3) * 37 % 101 / 50 - 1).reshape(2, 6, 6, 3).astype("float32")
IMPORTS = {
    "tf": "import tensorflow as tf\n",
    "slim": "from tensorflow.contrib import slim\n",
    "arg_scope": "from tensorflow.contrib.framework import arg_scope\n",
    "fully_connected": "from tensorflow.contrib.layers import fully_connected\n",
}
PROGRAMS = {
    "layers": """
        def compute(x):
            half = tf.constant_initializer(0.5)
            y = tf.layers.conv2d(x, 4, [3, 3], 2, "SAME", activation=tf.nn.relu,
                                 kernel_initializer=half)
            y = tf.layers.max_pooling2d(y, 2, 1, "valid")
            y = tf.layers.average_pooling2d(y, (2, 2), (1, 1))
            y = tf.layers.conv2d_transpose(y, 2, 3, 2, "same", kernel_initializer=half)
            y = tf.layers.flatten(y)
            y = tf.layers.dropout(y, 0.5)
            y = tf.layers.dense(y, 3, tf.nn.elu, True, half, tf.constant_initializer(-1.5))
            y += tf.layers.dense(y, 3, kernel_initializer=tf.ones_initializer(dtype=tf.float64),
                                 bias_initializer=tf.constant_initializer(
                                     [0.1, 0.2, 0.3], verify_shape=True))
            return tf.log(tf.reduce_sum(tf.exp(y), [1], keep_dims=True))
        """,
    "contrib": """
        def compute(x):
            half = tf.constant_initializer(0.5)
            with arg_scope([slim.conv2d, fully_connected], weights_initializer=half):
                with arg_scope([slim.conv2d], stride=2, activation_fn=None):
                    y = slim.conv2d(x, 4, [3, 3])
                y = slim.conv2d(y, 2, 1, padding="VALID", biases_initializer=None)
                y = slim.max_pool2d(y, [2, 2])
                y = fully_connected(slim.flatten(y), 5)
                return fully_connected(slim.dropout(y, 1.0), 3, activation_fn=tf.nn.sigmoid)
        """,
    "normalized": """
        def compute(x):
            params = {"is_training": True, "scale": True, "decay": 0.9}
            half = tf.constant_initializer(0.5)
            y = slim.conv2d(x, 4, 3, weights_initializer=half, normalizer_fn=slim.batch_norm,
                            normalizer_params=params, activation_fn=tf.nn.tanh)
            y = tf.layers.batch_normalization(y, training=True)
            y = slim.batch_norm(y, 0.9, activation_fn=tf.nn.relu)
            return tf.reduce_max(y, [1, 2])
        """,
    "operations": """
        def compute(x):
            y = tf.layers.flatten(x)
            z = tf.concat([tf.maximum(y, 0.1), tf.to_float(tf.greater(y, 0.0))], 1)
            z = tf.squared_difference(z, tf.reduce_mean(z, 0, keep_dims=True))
            z = tf.clip_by_norm(tf.clip_by_value(z, 0.1, 0.7), 1.0, axes=[1])
            return tf.reduce_logsumexp(tf.matmul(z, tf.transpose(z)), reduction_indices=[1])
        """,
    "scopes": """
        def compute(x):
            half = tf.constant_initializer(0.5)
            with tf.variable_scope("net", values=[x]) as scope:  # names
                with tf.variable_scope("conv"):
                    y = tf.layers.conv2d(x, x.get_shape()[-1].value, 3, name="a",
                                         kernel_initializer=half)
                for i in range(2):
                    with tf.variable_scope("block%d" % i):
                        y = tf.layers.conv2d(y, 2 + i, 1, kernel_initializer=half)
                with tf.variable_scope(None, "end", reuse=False):
                    y = tf.reshape(y, [-1, y.shape[1].value * y.shape.as_list()[2] * 3])
                    return tf.layers.dense(y, y.shape.ndims, kernel_initializer=half, name="b")
        """,
    "spreads": """
        def compute(x):
            made = [
                tf.layers.dense(tf.ones([1, 300]), 300, kernel_initializer=each)
                for each in [tf.contrib.layers.variance_scaling_initializer(factor=1.0)]
            ]
            made.append(tf.layers.dense(
                tf.ones([1, 300]), 300, kernel_initializer=tf.truncated_normal_initializer()))
            made.append(tf.layers.dense(
                tf.ones([1, 300]), 300, kernel_initializer=tf.random_uniform_initializer(-1, 2)))
            made.append(fully_connected(tf.ones([1, 300]), 300, activation_fn=None))
            made.append(tf.nn.dropout(tf.ones([30000]), 0.3))
            return tf.stack([tf.sqrt(tf.reduce_mean(tf.square(each))) for each in made])
        """,
}
OPTIMIZERS = {
    "tf.train.GradientDescentOptimizer(0.1)": 1e-6,
    "tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True)": 1e-6,
    "tf.train.AdagradOptimizer(0.1)": 1e-6,
    "tf.train.AdadeltaOptimizer(0.1)": 1e-6,
    "tf.train.RMSPropOptimizer(0.1, momentum=0.5)": 1e-6,
    "tf.train.AdamOptimizer(0.1)": 1e-6,
    "tf.train.MomentumOptimizer(tf.train.exponential_decay(0.1, step, 2, 0.5), 0.9)": 1e-6,
    "tf.train.GradientDescentOptimizer(tf.train.inverse_time_decay(0.1, step, 2, 0.5))": 1e-6,
    "tf.train.GradientDescentOptimizer(tf.train.polynomial_decay(0.1, step, 3))": 1e-6,
    "tf.train.GradientDescentOptimizer(tf.train.cosine_decay(0.1, step, 3))": 1e-6,
    "tf.train.GradientDescentOptimizer(tf.train.piecewise_constant(step, [1, 2], [1., .5, .1]))": 0,
}
GRADIENTS = [[0.5, -2.0, 0.0], [0.25, 1.0, 0.1], [-1.0, 0.5, 0.2], [0.1, 0.1, 0.1]]
TF1 = """
def computed(code):
    space = {}
    exec(code, space)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(3)
        made = space["compute"](tf.constant(X, tf.float32))
        session.run(tf.global_variables_initializer())
        return session.run(made).tolist()


def stepped(code):
    space = {}
    exec(code, space)
    with tf.Graph().as_default(), tf.Session() as session:
        step = tf.train.get_or_create_global_step()
        variable = tf.Variable([1.0, -2.0, 3.0])
        gradient = tf.placeholder(tf.float32, [3])
        apply = space["make"](step).apply_gradients([(gradient, variable)], step)
        session.run(tf.global_variables_initializer())
        for each in GRADIENTS:
            session.run(apply, {gradient: each})
        return session.run(variable).tolist()


print(json.dumps([[computed(each) for each in PROGRAMS], [stepped(each) for each in OPTIMIZERS]]))
"""


def source(program):
    """Returns the program with the imports that it needs."""
    return "".join(line for name, line in IMPORTS.items() if name in program) + textwrap.dedent(
        program
    )


def optimizer(expression):
    return f"{IMPORTS['tf']}\n\ndef make(step):\n    return {expression}\n"


@pytest.fixture(scope="module")
def on_tf1(run_on_tf1):
    """What TF 1.15 computes: `[programs, optimizers]`."""
    names = {
        "X": X.tolist(),
        "GRADIENTS": GRADIENTS,
        "PROGRAMS": [*map(source, PROGRAMS.values())],
        "OPTIMIZERS": [*map(optimizer, OPTIMIZERS)],
    }
    given = "".join(
        f"{name} = json.loads({json.dumps(value)!r})\n" for name, value in names.items()
    )
    code = f"import json\nimport tensorflow as tf\n{given}{TF1}"
    return json.loads(run_on_tf1({"all": code})["all"])


def port(code):
    """Returns the names of the rewritten code, in which nothing of TF1 may be left."""
    fixed = fixer.fixed_text(code)
    assert "contrib" not in fixed and "arg_scope" not in fixed and "tf.train" not in fixed
    assert "variable_scope" not in fixed and ".value" not in fixed
    keras.utils.set_random_seed(3)
    space = {}
    exec(fixed, space)
    return space


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_rewritten_net_computes_the_same(name, on_tf1):
    expected = np.array(on_tf1[0][list(PROGRAMS).index(name)])
    found = keras.ops.convert_to_numpy(
        port(source(PROGRAMS[name]))["compute"](keras.ops.convert_to_tensor(X))
    )
    assert found.shape == expected.shape and np.abs(expected).min() > 0
    np.testing.assert_allclose(found, expected, rtol=0.12 if name == "spreads" else 2e-5, atol=1e-5)


@pytest.mark.parametrize("expression", OPTIMIZERS)
def test_a_rewritten_optimizer_takes_the_same_steps(expression, on_tf1):
    expected = on_tf1[1][list(OPTIMIZERS).index(expression)]
    made = port(optimizer(expression))["make"](None)
    variable = keras.Variable([1.0, -2.0, 3.0])
    made.build([variable])
    for each in GRADIENTS:
        made.apply([keras.ops.convert_to_tensor(each)])
    found = keras.ops.convert_to_numpy(variable.value)
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-6)
