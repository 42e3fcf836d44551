"""Finds names of TensorFlow 1 that TensorFlow 2 keeps in `tf.compat.v1` alone."""

import re
from collections.abc import Iterator

from tf_recipes.knowledge import symbols
from tf_recipes.scan.terms.findings import STYLE
from tf_recipes.scan.terms.rule import Advice, Rule, Used

SESSIONS = "sessions.md"


def check(use: Used) -> Iterator[Advice]:
    """Yields advice on a name that is TensorFlow 1's own, in a program that runs on `compat.v1`.

    A library that reaches for one name of `tf.compat.v1` knows what it does.
    """
    if (
        use.imported
        or not use.on_compat
        or not symbols.is_compat(use.name)
        or symbols.first_vanished(use.name)
    ):
        return
    plain = f"tf{use.name.removeprefix(symbols.COMPAT)}"
    if plain == "tf" or symbols.first_vanished(plain) is None:
        return
    row = symbols.replacement(use.name)
    yield Advice(
        f"{use.name} is TensorFlow 1's, kept for old programs.",
        re.sub("[`*]", "", row.replacement) if row else f"none is known; see docs/{SESSIONS}",
        row.page if row else SESSIONS,
    )


RULE = Rule(
    code="TFR004",
    name="compat-name",
    severity=STYLE,
    page=SESSIONS,
    summary="A name that TensorFlow 2 keeps in tf.compat.v1 alone, for programs of TensorFlow 1.",
    before="import tensorflow.compat.v1 as tf\nx = tf.placeholder(tf.float32, [None, 784])\n",
    after='import keras\nx = keras.Input([784], dtype="float32")\n',
    use=check,
)
