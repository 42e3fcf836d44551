"""Finds dropout that is told the share to keep: Keras is told the share to drop."""

from collections.abc import Iterator

from tf_recipes.scan.terms.findings import NUMBERS
from tf_recipes.scan.terms.rule import Advice, Called, Rule, number

FUNCTIONS = frozenset({"tf.nn.dropout", "tf.contrib.layers.dropout"})


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a share that is kept."""
    kept = call.argument("keep_prob")
    by_name = "keep_prob" in call.names()
    if call.name == "tf.nn.dropout" and not (kept is not None and (by_name or call.in_tf1_code)):
        return
    if kept is None and call.unsure:
        return
    share = number(kept) if kept is not None else 0.5
    given = call.text("keep_prob")
    rate = f"{1 - share:g}" if share is not None else f"1 - {given}"
    yield Advice(
        f"keep_prob={given} is the share that is kept; rate of Keras and of TensorFlow 2 is the "
        "share that is dropped.",
        f"tf_recipes.Dropout(keep_prob={given}) or keras.layers.Dropout({rate}), "
        "called with training",
    )


RULE = Rule(
    code="TFR013",
    name="keep-prob",
    severity=NUMBERS,
    page="recipes/dropout.md",
    summary=(
        "Dropout with keep_prob, the share that is kept; Keras has rate, the share that is dropped."
    ),
    before=("import tensorflow as tf\ns = tf.Session()\ny = tf.nn.dropout(x, 0.8)\n"),
    after=("import tensorflow as tf\ny = tf.nn.dropout(x, rate=0.2)\n"),
    functions=FUNCTIONS,
    call=check,
)
