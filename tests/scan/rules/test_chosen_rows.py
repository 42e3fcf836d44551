"""Tests that tf.where is found where its condition may be a vector, and nowhere else."""

import pytest

import scanned

HEAD = "import tensorflow as tf\ns = tf.Session()\n"


@pytest.mark.parametrize(
    "code",
    [
        "y = tf.where(rows, x, z)",
        "y = tf.where(condition=rows, x=x, y=z)",
        "y = tf.where(x[:, 0] > 0, x, -x)",
        "y = tf.where(tf.equal(labels, 1), x, z)",
        "y = tf.where(tf.reduce_any(x > 0, 1), x, z)",
    ],
)
def test_a_condition_of_another_shape_is_found(tmp_path, code):
    (finding,) = scanned.findings(tmp_path, f"{HEAD}{code}\n", "TFR029")
    assert finding.column == 5 and "keras.ops.expand_dims(" in finding.replacement


@pytest.mark.parametrize(
    "code",
    [
        "places = tf.where(rows)",
        "places = tf.where(rows, None, None)",
        "y = tf.where(x > 0, x, tf.zeros_like(x))",
        "y = tf.where(tf.is_nan(x), tf.ones_like(x), x)",
        "y = tf.where(tf.logical_and(x > 0, z < 1), 2 * z, z)",
        "mask = tf.less(x, 3.0)\ny = tf.where(mask, x, z)",
        "y = tf.compat.v1.where(rows, x, z)",
    ],
)
def test_a_condition_of_the_same_shape_is_not_found(tmp_path, code):
    assert scanned.findings(tmp_path, f"{HEAD}{code}\n", "TFR029") == []


def test_a_file_of_tensorflow_2_is_left_alone(tmp_path):
    text = "import tensorflow as tf\ny = tf.where(rows, x, z)\n"
    assert scanned.findings(tmp_path, text, "TFR029") == []
