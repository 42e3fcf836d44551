"""Tests initializers: TF1's defaults are spelled out where Keras has others."""

import pytest

from tf_recipes.scan.fixing import fixer

HEAD = "import tensorflow as tf\n\n\ndef net(x):\n"


def fixed(given):
    """Returns what `kernel_initializer=` becomes."""
    code = f"{HEAD}    return tf.layers.dense(x, 3, kernel_initializer={given})\n"
    made = fixer.fixed_text(code).partition("kernel_initializer=")[2].strip()
    return made.removesuffix("(x)").removesuffix(")")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("tf.zeros_initializer()", "keras.initializers.Zeros()"),
        ("tf.initializers.ones(dtype=tf.float32)", "keras.initializers.Ones()"),
        ("tf.zeros_initializer(dtype=tf.float64)", "keras.initializers.Zeros()"),
        ("tf.glorot_normal_initializer(dtype=tf.float16)", "keras.initializers.GlorotNormal()"),
        (
            "tf.constant_initializer([1, 2, 3], verify_shape=True)",
            "keras.initializers.Constant([1, 2, 3])",
        ),
        ("tf.constant_initializer()", "keras.initializers.Constant(0)"),
        ("tf.constant_initializer(0.5, verify_shape=False)", "keras.initializers.Constant(0.5)"),
        (
            "tf.random_normal_initializer(seed=None)",
            "keras.initializers.RandomNormal(stddev=1.0)",
        ),
        (
            "tf.random_uniform_initializer(-1.0, seed=3)",
            "keras.initializers.RandomUniform(minval=-1.0, seed=3, maxval=1.0)",
        ),
        (
            "tf.orthogonal_initializer(2.0, 7)",
            "keras.initializers.Orthogonal(gain=2.0, seed=7)",
        ),
        (
            "tf.variance_scaling_initializer(2.0)",
            "keras.initializers.VarianceScaling("
            'scale=2.0, mode="fan_in", distribution="truncated_normal")',
        ),
        ("tf.contrib.layers.xavier_initializer()", "tf_recipes.xavier_init()"),
        (
            "tf.contrib.layers.xavier_initializer(False, 3)",
            "tf_recipes.xavier_init(uniform=False, seed=3)",
        ),
        (
            "tf.contrib.layers.variance_scaling_initializer(mode='FAN_AVG')",
            "tf_recipes.VarianceScaling(mode='FAN_AVG', factor=2.0, uniform=False)",
        ),
        (
            "tf.uniform_unit_scaling_initializer()",
            'keras.initializers.VarianceScaling(scale=1.0, mode="fan_in", distribution="uniform")',
        ),
        (
            "tf.initializers.uniform_unit_scaling(1.43, 5)",
            "keras.initializers.VarianceScaling("
            'scale=(1.43) ** 2, mode="fan_in", distribution="uniform", seed=5)',
        ),
    ],
)
def test_an_initializer(given, expected):
    assert fixed(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        "tf.constant_initializer([1, 2, 3])",
        "tf.constant_initializer(value)",
        "tf.constant_initializer(1, verify_shape=True)",
        "tf.orthogonal_initializer(*given)",
    ],
)
def test_what_keras_cannot_take_stays(given):
    assert fixed(given) == given


@pytest.mark.parametrize(
    "given",
    ["tf.truncated_normal_initializer(0.1)", "tf.uniform_unit_scaling_initializer()"],
)
def test_an_initializer_with_a_name_may_be_shared(given):
    """An object of Keras draws the same numbers each time; TF1's draws others."""
    code = f"{HEAD}    init = {given}\n    return tf.layers.dense(x, 3, kernel_initializer=init)\n"
    assert fixer.fixed_text(code) == code
