"""Tests names whose function has another name now: the arguments keep their meaning."""

import pytest

from tf_recipes.scan.fixing import fixer


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tf.log(x)", "tf.math.log(x)"),
        ("tf.as_string(x, 3)", "tf.strings.as_string(x, 3)"),
        (
            "tf.confusion_matrix(a, b, 3, tf.int64, None, w)",
            "tf.math.confusion_matrix(a, b, 3, dtype=tf.int64, name=None, weights=w)",
        ),
        ("tf.decode_raw(b, tf.uint8, True, 'n')", "tf.io.decode_raw(b, tf.uint8, True, name='n')"),
        ("tf.decode_raw(bytes=b, out_type=tf.uint8)", "tf.decode_raw(bytes=b, out_type=tf.uint8)"),
    ],
)
def test_a_renamed_function(before, after):
    head = "import tensorflow as tf\n\ny = "
    assert fixer.fixed_text(f"{head}{before}\n") == f"{head}{after}\n"
