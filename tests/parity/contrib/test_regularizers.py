"""Tests the replacement of contrib's regularizers."""

import pytest

from tf_recipes.parity.tf1 import compat

# test_init.py runs these snippets: `{name: (code, result on TF 1.15.5)}`.
SNIPPETS = {
    "regularizers": (
        """
w = tf.constant([3.0, -4.0])
both = layers.l1_l2_regularizer
found = [total(both(tf.constant(0.1), 0.2)(w)), total(both()(w))]
found += [f(0.0)(w) for f in (layers.l1_regularizer, layers.l2_regularizer)]
found += [both(0.0, 0.0)(w), layers.l2_regularizer(0.1, "named")(w).op.name]
""",
        [3.2, 19.5, None, None, None, "named"],
    ),
    "regularizers refuse": (
        """
found = [
    refused(lambda f=f, scale=scale: f(scale))
    for f in (layers.l1_regularizer, layers.l2_regularizer, layers.l1_l2_regularizer)
    for scale in (-1.0, 1, 0)
] + [refused(lambda: layers.l1_l2_regularizer(0.1, -0.1))]
""",
        [True, True, True, True, True, True, True, True, True, True],
    ),
}


REGULARIZERS = """
import tensorflow as tf

w = tf.constant([3.0, -4.0])
with tf.Session() as session:
    found = session.run([
        tf.contrib.layers.l1_regularizer(0.1)(w),
        tf.contrib.layers.l2_regularizer(0.1)(w),
        tf.contrib.layers.l1_l2_regularizer(0.1, 0.1)(w),
    ])
"""


def test_regularizers():
    assert compat.run(REGULARIZERS)["found"] == pytest.approx([0.7, 1.25, 1.95])


@pytest.mark.parametrize("scale", [-1.0, 1, 0])
def test_a_negative_scale_and_an_integer_are_refused(fails, scale):
    layers = compat.original("runners.record").tf.contrib.layers
    for regularizer in (layers.l1_regularizer, layers.l2_regularizer, layers.l1_l2_regularizer):
        with fails("scale", str(scale)):
            regularizer(scale)
