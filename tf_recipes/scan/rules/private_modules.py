"""Finds uses of TensorFlow's private modules, such as `tensorflow.python.ops`."""

from collections.abc import Iterator

from tf_recipes.knowledge import symbols
from tf_recipes.scan.terms.findings import VANISHED
from tf_recipes.scan.terms.rule import Advice, Rule, Used


def check(use: Used) -> Iterator[Advice]:
    """Yields advice on a private name."""
    is_private = f"{use.name}.".startswith(tuple(f"{each}." for each in symbols.PRIVATE))
    lost = symbols.lost_module(use.name)
    if is_private and (use.in_tf1_code or lost):
        last = use.name.rpartition(".")[2]
        name = use.name.replace("tf.", "tensorflow.", 1)
        why = "no version promises it"
        if lost is not None:
            why = f"TensorFlow 2 lacks {lost.replace('tf.', 'tensorflow.', 1)}"
        yield Advice(
            f"{name} is private: {why}.", f"the public name; look {last} up in docs/names.md"
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
