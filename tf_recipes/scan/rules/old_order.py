"""Finds the order of arguments that functions had before TensorFlow 1.0."""

import ast
from collections.abc import Iterator

from tf_recipes.scan.terms.findings import VANISHED
from tf_recipes.scan.terms.rule import Advice, Called, Rule, number

# function -> its arguments in TensorFlow 0.x
ORDERS = {
    "tf.concat": ("axis", "values"),
    "tf.split": ("axis", "num_or_size_splits", "value"),
}


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a call whose first argument is the number of an axis."""
    order = ORDERS[call.name]
    given = [value for name, value in call.given() if name is None][: len(order)]
    if call.unsure or len(given) < len(order) or number(given[0]) is None:
        return
    old = dict(zip(order, given, strict=True))
    names = ("value", "num_or_size_splits") if "value" in old else ("values",)
    texts = ", ".join(ast.unparse(old[name]) for name in names)
    yield Advice(
        f"{call.name} takes the axis last since TensorFlow 1.0.",
        f"{call.name}({texts}, axis={ast.unparse(given[0])})",
    )


RULE = Rule(
    code="TFR007",
    name="old-order",
    severity=VANISHED,
    page="names.md",
    summary="The order of arguments that a function had before TensorFlow 1.0.",
    before="import tensorflow as tf\ny = tf.concat(1, [a, b])\n",
    after="import tensorflow as tf\ny = tf.concat([a, b], axis=1)\n",
    functions=frozenset(ORDERS),
    call=check,
)
