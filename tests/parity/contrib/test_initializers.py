"""Tests the replacement of contrib's initializers."""

import math

import pytest

from tf_recipes.parity.tf1 import compat

# test_init.py runs these snippets: `{name: (code, result on TF 1.15.5)}`.
SNIPPETS = {
    "initializers": (
        """
tf.set_random_seed(1)
scaled = layers.variance_scaling_initializer
found = [
    total(made((3, 4)))
    for made in (
        scaled(seed=2), scaled(1.0, "FAN_OUT", True, 2), scaled(1.0, "FAN_AVG", seed=2),
        layers.xavier_initializer(seed=2), layers.xavier_initializer(False, 2),
    )
] + [total(scaled(seed=2)(shape)) for shape in ((7,), (2, 2, 3, 4))]
found += [scaled(dtype=tf.float64)((2, 2)).dtype.name]
""",
        [0.461, -3.287, 0.302, -3.514, 0.302, 1.949, -1.152, "float64"],
    ),
    "initializers refuse": (
        """
found = [
    refused(lambda: layers.variance_scaling_initializer(mode="FAN")),
    refused(lambda: layers.variance_scaling_initializer(dtype=tf.int32)),
    refused(lambda: layers.xavier_initializer()((2, 2), tf.int32)),
]
""",
        [True, True, True],
    ),
}


BOUNDS = """
import tensorflow as tf

scaled = tf.contrib.layers.variance_scaling_initializer
with tf.Session() as session:
    found = {
        (mode, uniform): abs(session.run(scaled(3.0, mode, uniform)((400, 100)))).max()
        for mode in ("FAN_IN", "FAN_OUT", "FAN_AVG") for uniform in (False, True)
    }
"""


def test_the_largest_weight_is_at_the_bound():
    """The bound is 2 sqrt(1.3) deviations for a truncated normal, and sqrt(3) for a uniform one."""
    found = compat.run(BOUNDS)["found"]
    assert len(found) == 6
    for (mode, uniform), largest in found.items():
        n = {"FAN_IN": 400, "FAN_OUT": 100, "FAN_AVG": 250}[mode]
        bound = math.sqrt(3 * 3 / n) if uniform else 2 * math.sqrt(1.3 * 3 / n)
        assert largest == pytest.approx(bound, rel=1e-2)
        assert largest <= bound * (1 + 1e-6)
