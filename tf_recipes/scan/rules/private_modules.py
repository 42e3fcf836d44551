"""Finds uses of TensorFlow's private modules, such as `tensorflow.python.ops`."""

from collections.abc import Iterator

from tf_recipes.knowledge import symbols
from tf_recipes.scan.terms.findings import VANISHED
from tf_recipes.scan.terms.rule import Advice, Rule, Used


def check(use: Used) -> Iterator[Advice]:
    """Yields advice on a private name."""
    if use.in_tf1_code and f"{use.name}.".startswith(tuple(f"{each}." for each in symbols.PRIVATE)):
        last = use.name.rpartition(".")[2]
        yield Advice(
            f"{use.name.replace('tf.', 'tensorflow.', 1)} is private: no version promises it.",
            f"the public name; look {last} up in docs/names.md",
        )


RULE = Rule(
    code="TFR002",
    name="private-module",
    severity=VANISHED,
    page="names.md",
    summary="A private module of TensorFlow, which any version may change.",
    before=(
        "import tensorflow as tf\nfrom tensorflow.python.ops import math_ops\n"
        "y = tf.log(math_ops.to_float(1))\n"
    ),
    after='import keras\ny = keras.ops.cast(1, "float32")\n',
    use=check,
)
