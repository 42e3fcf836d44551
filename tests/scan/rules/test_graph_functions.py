"""Tests that functions which need a graph are found, and their use in TensorFlow 2 is not."""

import functools

import pytest

import scanned

replacements = functools.partial(scanned.replacements, code="TFR006")
TF1 = "import tensorflow as tf\ns = tf.Session()\n"


def test_the_code_to_write_has_the_arguments_of_the_call(tmp_path):
    (gradients,) = replacements(tmp_path, TF1 + "g = tf.gradients(xs=[w, b], ys=loss)")
    assert gradients.startswith("tape.gradient(loss, [w, b]) of a tf.GradientTape")
    (scalar,) = replacements(tmp_path, TF1 + "tf.summary.scalar('loss', tensor=loss)")
    assert scalar.startswith("tf.summary.scalar('loss', loss, step=step) under ")
    (histogram,) = replacements(tmp_path, TF1 + "tf.summary.histogram('w', values=w)")
    assert histogram.startswith("tf.summary.histogram('w', w, step=step) under ")


@pytest.mark.parametrize(
    "code",
    [
        "import tensorflow as tf\ntf.summary.scalar('loss', loss)",
        "import tensorflow as tf\n@tf.function\ndef f(x):\n    return tf.gradients(g(x), x)",
        TF1 + "tf.summary.scalar('loss', loss, step=3)",
        "import tensorflow.compat.v1 as tf\ns = tf.Session()\ng = tf.gradients(y, x)",
    ],
)
def test_what_tensorflow_2_runs_is_not_found(tmp_path, code):
    assert replacements(tmp_path, code) == []
