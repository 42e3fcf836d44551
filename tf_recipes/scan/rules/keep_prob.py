"""Finds dropout that is told the share to keep: Keras is told the share to drop."""

import ast
import decimal
from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, number, trap
from tf_recipes.scan.terms.unparsing import unparsed

FUNCTIONS = frozenset({"tf.nn.dropout", "tf.contrib.layers.dropout"})


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a share that is kept."""
    kept = call.argument("keep_prob")
    # what is called so is no rate, whatever else the file says
    by_name = "keep_prob" in call.names() or (kept is not None and "keep" in unparsed(kept))
    if call.name == "tf.nn.dropout" and not (kept is not None and (by_name or call.in_tf1_code)):
        return
    if kept is None and call.unsure:
        return
    given = call.text("keep_prob") if kept is not None else "0.5"
    rate = dropped_share(given)
    yield Advice(
        f"keep_prob={given} is the share that is kept; rate of Keras and of TensorFlow 2 is the "
        "share that is dropped.",
        f"tf_recipes.Dropout(keep_prob={given}) or keras.layers.Dropout({rate}), "
        "called with training",
    )


def dropped_share(kept: str) -> str:
    """Returns the source of the share that is dropped.

    >>> [dropped_share(kept) for kept in ("0.8", "keep", "1.0 - rate", "a + b")]
    ['0.2', '1 - keep', 'rate', '1 - (a + b)']
    """
    node = ast.parse(kept, mode="eval").body
    share = number(node)
    if share is not None:
        return f"{1 - decimal.Decimal(str(share)):f}"  # 0.2 for 0.8, not 0.19999999999999996
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and number(node.left) == 1:
        return unparsed(node.right)
    is_plain = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    return f"1 - {kept}" if is_plain else f"1 - ({kept})"


RULE = trap(
    code="TFR013",
    name="keep-prob",
    difference="dropout_rate",
    before=("import tensorflow as tf\ns = tf.Session()\ny = tf.nn.dropout(x, 0.8)\n"),
    after=("import tensorflow as tf\ny = tf.nn.dropout(x, rate=0.2)\n"),
    functions=FUNCTIONS,
    call=check,
)
