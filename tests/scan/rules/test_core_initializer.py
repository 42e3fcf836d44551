"""Tests that a width is found where code leaves it to TF1's default."""

import pytest

import scanned

HEAD = "import tensorflow as tf\ns = tf.Session()\n"


@pytest.mark.parametrize(
    "code",
    [
        "tf.layers.dense(x, 3, kernel_initializer=tf.random_normal_initializer)",
        "tf.get_variable('w', [3], initializer=tf.random_uniform_initializer())",
        "tf.get_variable('w', [3], initializer=tf.truncated_normal_initializer)",
        "tf.get_variable('w', [3], initializer=tf.initializers.random_normal)",
        "tf.layers.dense(x, 3, kernel_initializer=tf.initializers.truncated_normal())",
    ],
)
def test_a_width_that_is_left_out_is_found(tmp_path, code):
    """TF1 makes an object of a class, with its defaults."""
    (finding,) = scanned.findings(tmp_path, f"{HEAD}y = {code}\n", "TFR024")
    assert finding.column == 5 + code.index("=") + 1 and "1.0 by default" in finding.message


@pytest.mark.parametrize(
    "code",
    [
        "tf.layers.dense(x, 3, kernel_initializer=tf.zeros_initializer)",
        "tf.layers.dense(x, 3, kernel_initializer=tf.random_normal_initializer(0.0, 0.1))",
        "tf.layers.dense(x, 3, kernel_initializer=random_normal_initializer)",
        "tf.layers.dense(x, 3, kernel_initializer=tf.initializers.random_normal(stddev=1.0))",
    ],
)
def test_another_initializer_is_not_found(tmp_path, code):
    assert scanned.findings(tmp_path, f"{HEAD}y = {code}\n", "TFR024") == []


def test_another_item_of_a_dict_is_not_found(tmp_path):
    text = (
        f"{HEAD}known = {{'a': tf.random_normal_initializer, 'b': tf.zeros_initializer}}\n"
        "y = known['b']()\nz = known['a']()\n"
    )
    (finding,) = scanned.findings(tmp_path, text, "TFR024")
    assert finding.line == 5
