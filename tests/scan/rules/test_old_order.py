"""Tests that the order of arguments of TensorFlow 0.x is found."""

import pytest

import scanned


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("tf.concat(1, [a, b])", ["tf.concat([a, b], axis=1)"]),
        ("tf.concat(-1, parts, name='c')", ["tf.concat(parts, axis=-1)"]),
        ("tf.split(0, 3, x)", ["tf.split(x, 3, axis=0)"]),
        ("tf.split(1, num_or_size_splits=3, value=x)", []),
        ("tf.concat(concat_dim=1, values=[a, b])", ["tf.concat(axis=1, values=[a, b])"]),
        (
            "tf.split(split_dim=0, num_split=3, value=x)",
            ["tf.split(axis=0, num_or_size_splits=3, value=x)"],
        ),
        ("tf.concat(parts, concat_dim=-1)", ["axis=..."]),
        ("tf.concat([a, b], 1)", []),
        ("tf.concat(parts, axis)", []),
        ("tf.split(x, 3, 0)", []),
        ("tf.concat(*given)", []),
    ],
)
def test_the_axis_in_front_is_found(tmp_path, code, expected):
    text = f"import tensorflow as tf\ny = {code}\n"
    assert scanned.replacements(tmp_path, text, "TFR007") == expected
