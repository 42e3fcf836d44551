"""Finds every use of a public name that TensorFlow 2 lacks, and names what takes its place."""

import re
from collections.abc import Iterator

from tf_recipes.knowledge import symbols
from tf_recipes.scan.terms.findings import VANISHED
from tf_recipes.scan.terms.rule import Advice, Rule, Used

SESSIONS = "sessions.md"


def check(use: Used) -> Iterator[Advice]:
    """Yields advice on a name that has vanished."""
    lost = symbols.first_vanished(use.name)
    if lost is None:
        return
    row = symbols.replacement(use.name)
    name = use.name if symbols.first_vanished(use.name) == use.name else _named(use.name, lost)
    where = " It lives in tf.compat.v1, in graph mode." if _in_compat(name) else ""
    yield Advice(
        f"TensorFlow 2 lacks {name}.{where}",
        re.sub("[`*]", "", row.replacement) if row else f"none is known; see docs/{SESSIONS}",
        row.page if row else SESSIONS,
    )


def _named(name: str, lost: str) -> str:
    """Returns the longest known part of a name below the part that is lost."""
    parts = name.split(".")
    for length in range(len(parts), lost.count(".") + 1, -1):
        part = ".".join(parts[:length])
        if part in symbols.vanished() or length == len(parts):
            return part
    return lost


def _in_compat(name: str) -> bool:
    symbol = symbols.vanished().get(name)
    return symbol is not None and symbol.in_compat


RULE = Rule(
    code="TFR001",
    name="vanished",
    severity=VANISHED,
    page="names.md",
    summary="A public name of TensorFlow 1 that TensorFlow 2 lacks.",
    before="import tensorflow as tf\nx = tf.placeholder(tf.float32, [None, 784])\n",
    after='import keras\nx = keras.Input([784], dtype="float32")\n',
    use=check,
)
