"""Finds `1 / 10` in a program of Python 2, where it is 0."""

import ast
from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Whole, trap


def check(whole: Whole) -> Iterator[Advice]:
    """Yields advice on each division of two whole numbers, in a file of Python 2."""
    if not whole.is_python2 or "import division" in whole.text:
        return
    for node in ast.walk(whole.tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            sides = [getattr(each, "value", None) for each in (node.left, node.right)]
            if all(type(each) is int for each in sides) and sides[1]:
                text = f"{sides[0]} / {sides[1]}"
                yield Advice(
                    f"{text} is {sides[0] // sides[1]} in Python 2, and {sides[0] / sides[1]:g} in "
                    "Python 3.",
                    f"{sides[0]} // {sides[1]} for the number that Python 2 computed",
                    node=node,
                )


RULE = trap(
    code="TFR027",
    name="integer-division",
    difference="integer_division",
    before=(
        "import tensorflow as tf\n"
        "print 'rate'\n"
        "d = tf.train.exponential_decay(0.1, s, 1000, 1 / 10)\n"
    ),
    after=(
        "import tensorflow as tf\n"
        "print('rate')\n"
        "d = tf.train.exponential_decay(0.1, s, 1000, 1 / 10)\n"
    ),
    whole=check,
)
