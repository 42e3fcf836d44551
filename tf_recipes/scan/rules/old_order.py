"""Finds the order of arguments that functions had before TensorFlow 1.0."""

from collections.abc import Iterator

from tf_recipes.scan.terms.findings import VANISHED
from tf_recipes.scan.terms.rule import Advice, Called, Rule, number
from tf_recipes.scan.terms.unparsing import unparsed

# function -> its arguments in TensorFlow 0.x
ORDERS = {
    "tf.concat": ("axis", "values"),
    "tf.split": ("axis", "num_or_size_splits", "value"),
}
# argument in TensorFlow 0.x -> its name since
OLD_NAMES = {"concat_dim": "axis", "split_dim": "axis", "num_split": "num_or_size_splits"}


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a call whose first argument is the number of an axis."""
    if not OLD_NAMES.keys().isdisjoint(call.names()):
        yield from _renamed(call)
        return
    order = ORDERS[call.name]
    given = [value for name, value in call.given() if name is None][: len(order)]
    if call.unsure or len(given) < len(order) or number(given[0]) is None:
        return
    old = dict(zip(order, given, strict=True))
    names = ("value", "num_or_size_splits") if "value" in old else ("values",)
    texts = ", ".join(unparsed(old[name]) for name in names)
    yield Advice(
        f"{call.name} takes the axis last since TensorFlow 1.0.",
        f"{call.name}({texts}, axis={unparsed(given[0])})",
    )


def _renamed(call: Called) -> Iterator[Advice]:
    old = next(name for name in call.names() if name in OLD_NAMES)
    texts = [
        unparsed(value) if name is None else f"{OLD_NAMES.get(name, name)}={unparsed(value)}"
        for name, value in call.given()
    ]
    yield Advice(
        f"{call.name} has no argument {old} since TensorFlow 1.0.",
        f"{call.name}({', '.join(texts)})" if call.positional() == 0 else f"{OLD_NAMES[old]}=...",
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
