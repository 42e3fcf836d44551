import keras
import numpy as np
import tensorflow as tf

import tf_recipes
from tf1_program import descend, entropy, placeholders, saved, v1, variable
from tf_recipes.verify import verify

RANDOM = np.random.RandomState(0)
FEEDS = {"x": RANDOM.rand(24, 6).astype("f4"), "y": RANDOM.randint(0, 3, 24)}


def program():
    """Batch norm with gamma, and a penalty on the first of two kernels."""
    x, y = placeholders(6)
    with v1.variable_scope("hidden"):
        first = variable("kernel", [6, 4])
        net = tf.matmul(x, first)
    with v1.variable_scope("norm"):
        gamma, beta = variable("gamma", [4], 1), variable("beta", [4], 0.5)
        averages = [
            variable(n, [4], 1, trainable=False) for n in ("moving_mean", "moving_variance")
        ]
        net = tf.nn.batch_normalization(net, *averages, beta, gamma, 0.001)
    with v1.variable_scope("out"):
        loss = entropy(tf.matmul(net, variable("kernel", [4, 3])), y)
    descend(loss + 0.1 * tf.nn.l2_loss(first))


def port(scale, second):
    l2 = tf_recipes.l2_regularizer(0.1)
    dense = keras.layers.Dense

    def build():
        inputs = keras.Input((6,), name="x")
        net = dense(4, use_bias=False, kernel_regularizer=l2)(inputs)
        net = tf_recipes.BatchNormalization(
            momentum=1.0, epsilon=0.001, scale=scale, statistics="moving", fused=False
        )(net)
        kept = l2 if second else None
        net = dense(3, use_bias=False, kernel_regularizer=kept, name="out")(net)
        model = keras.Model(inputs, net)
        entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), entropy)
        return model

    return build


def test_layers_without_names_of_their_own_and_a_penalty_too_many(tmp_path):
    """Each copy of the port has other names, such as `batch_normalization_1`."""
    checkpoint = saved(tmp_path, program)
    settings = {"steps": 3, "batch_size": 8, "cache": False}
    assert verify(port(True, False), checkpoint, FEEDS, **settings).passed
    report = verify(port(False, True), checkpoint, FEEDS, **settings)
    assert report.first_failure["stage"] == "map"
    found = [(each["name"], each["text"]) for each in report.reasons]
    assert found[0][0] == "batch_norm_scale" and "scale=True" in found[0][1]
    assert found[1] == (
        "regularizer",
        "leave out the penalties of out/kernel: TF1's loss has none there",
    )


def test_the_code_of_a_penalty_names_the_argument_of_its_variable(tmp_path):
    def with_bias():
        x, y = placeholders(6)
        with v1.variable_scope("out"):
            bias = variable("bias", [3], 0.5)
            loss = entropy(tf.matmul(x, variable("kernel", [6, 3])) + bias, y)
        descend(loss + 0.1 * tf.nn.l2_loss(bias))

    def build(**arguments):
        inputs = keras.Input((6,), name="x")
        model = keras.Model(inputs, keras.layers.Dense(3, name="out", **arguments)(inputs))
        entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), entropy)
        return model

    checkpoint = saved(tmp_path, with_bias)
    settings = {"steps": 3, "batch_size": 8, "cache": False}
    report = verify(build, checkpoint, FEEDS, **settings)
    code = report.reasons[0]["code"]
    assert code == "bias_regularizer=tf_recipes.l2_regularizer(0.1)"
    arguments = eval(f"dict({code})", {"tf_recipes": tf_recipes})
    assert verify(lambda: build(**arguments), checkpoint, FEEDS, **settings).passed
