"""Tests the arguments of layers: those that Keras names otherwise, and those that it lacks."""

import pytest

from tf_recipes.scan.fixing import fixer

HEAD = "import tensorflow as tf\n\n\ndef net(x):\n    return "
CONV = 'keras.layers.Conv2D(3, 2, padding="same"'
XAVIER = "kernel_initializer=tf_recipes.xavier_init()"
BATCH_NORM = "normalizer_fn=tf.contrib.layers.batch_norm"


def fixed(expression):
    return fixer.fixed_text(f"{HEAD}{expression}\n").partition("    return ")[2].rstrip("\n")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("padding='SAME'", 'padding="same"'),
        ("data_format='channels_first'", 'data_format="channels_first"'),
        ("data_format='channels_last'", None),
        ("activation=tf.nn.elu", "activation=tf_recipes.elu"),
        ("activation=tf.tanh", 'activation="tanh"'),
        ("activation=mine", "activation=mine"),
        ("activation=made()", "activation=made()"),
        ("name=None", None),
        ("name=label", "name=label"),
        ("name='a'", "name='a'"),
    ],
)
def test_an_argument(given, expected):
    made = "" if expected is None else f", {expected}"
    assert fixed(f"tf.layers.conv2d(x, 3, 2, {given})") == f"keras.layers.Conv2D(3, 2{made})(x)"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("data_format='NHWC'", f'padding="same", activation="relu", {XAVIER}'),
        (
            "data_format='NCHW'",
            f'data_format="channels_first", padding="same", activation="relu", {XAVIER}',
        ),
        ("activation_fn=None", f'padding="same", {XAVIER}'),
        ("biases_initializer=None", f'padding="same", activation="relu", {XAVIER}, use_bias=False'),
    ],
)
def test_an_argument_of_contrib(given, expected):
    made = fixed(f"tf.contrib.layers.conv2d(x, 8, 3, {given})")
    assert made == f"keras.layers.Conv2D(8, 3, {expected})(x)"


@pytest.mark.parametrize(
    ("given", "norm", "training"),
    [
        ("", "", "True"),
        ("dict(is_training=train, center=False)", ", center=False", "train"),
        ('{"is_training": train, "center": beta}', ", center=beta", "train"),
    ],
)
def test_a_normalizer_stands_behind_its_layer(given, norm, training):
    params = f", normalizer_params={given}" if given else ""
    made = fixed(f"tf.contrib.layers.fully_connected(x, 8, {BATCH_NORM}{params})")
    assert made == (
        'keras.layers.Activation("relu")(tf_recipes.BatchNormalization('
        f"momentum=0.999, epsilon=0.001, scale=False{norm})("
        f"keras.layers.Dense(8, {XAVIER}, use_bias=False)(x), training={training}))"
    )


@pytest.mark.parametrize(
    "expression",
    [
        "tf.layers.conv2d(x, 3, 2, padding=given)",
        "tf.layers.conv2d(x, 3, 2, padding=1)",
        "tf.layers.conv2d(x, 3, 2, data_format='other')",
        "tf.layers.conv2d(x, 3, 2, name='a/b')",
        "tf.layers.conv2d(x, 3)",
        "tf.layers.dense(units=3)",
        "tf.layers.dense(x, 3, other=1)",
        "tf.layers.flatten(x, 'a', 'channels_last', 4)",
        f"tf.contrib.layers.conv2d(x, 8, 3, {BATCH_NORM}, normalizer_params=dict(**given))",
        f"tf.contrib.layers.conv2d(x, 8, 3, {BATCH_NORM}, normalizer_params={{**given}})",
        f"tf.contrib.layers.conv2d(x, 8, 3, {BATCH_NORM}, normalizer_params=given)",
        f"tf.contrib.layers.conv2d(x, 8, 3, {BATCH_NORM}, normalizer_params={{'fused': True}})",
        f"tf.contrib.layers.conv2d(x, 8, 3, {BATCH_NORM}, normalizer_params={{'renorm': True}})",
        "tf.contrib.layers.conv2d(x, 8, 3, normalizer_fn=tf.nn.l2_normalize)",
        "tf.contrib.layers.batch_norm(x, updates_collections='mine')",
        "tf.contrib.layers.batch_norm(x, data_format='NCHW')",
    ],
)
def test_what_keras_cannot_take_stays(expression):
    assert fixed(expression) == expression
