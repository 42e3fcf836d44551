"""Tests which objects TensorFlow made, as far as the file shows it."""

import ast

import pytest

from tf_recipes.scan.reading import makers
from tf_recipes.scan.reading.bindings import Collector
from tf_recipes.scan.reading.resolution import Resolver

HEAD = "import tensorflow as tf\na = tf.add(1, 2)\nb = load()\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a", True),
        ("-a * 2 + b", True),
        ("tf.train.AdamOptimizer().minimize(b)", True),
        ("a.assign(3)", True),
        ("b", False),
        ("load(a)", False),
        ("tf.Session()", False),
        ("a[0]", False),
        ("[a]", False),
        ("unknown", False),
    ],
)
def test_what_a_function_of_tensorflow_made(code, expected):
    tree = ast.parse(HEAD + code)
    module = Collector(tree, lambda name, level: None).module
    resolver = Resolver(module, lambda name: {})
    assert makers.is_made(tree.body[-1].value, module, resolver) is expected
