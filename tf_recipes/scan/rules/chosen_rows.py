"""Finds tf.where whose condition may be a vector: TF1 takes whole rows with it."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from tf_recipes.scan.reading.scopes import bindings_of
from tf_recipes.scan.terms.rule import Advice, Called, is_none, source, trap
from tf_recipes.scan.terms.unparsing import unparsed

# functions of tf, tf.math and tf.nn whose result has the shape of what they are given
_EVERY_ENTRY = frozenset(
    re.findall(
        r"\w+",
        """
        abs add cast divide equal exp expm1 greater greater_equal identity is_finite is_inf is_nan
        isfinite isinf isnan less less_equal log log1p logical_and logical_not logical_or
        logical_xor maximum minimum multiply negative not_equal ones_like pow relu sigmoid sign
        sqrt square stop_gradient subtract tanh to_float to_int32 zeros_like
        """,
    )
)
_DEEPEST = 20


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a choice between two tensors, unless the condition has their shape."""
    condition, first, second = map(call.argument, ("condition", "x", "y"), range(3))
    if condition is None or first is None or second is None or is_none(first):
        return  # of one argument it returns places, as it did
    if not call.in_tf1_code or call.is_compat:
        return
    parts = set(_parts(condition, call.scope))
    if parts & {*_parts(first, call.scope), *_parts(second, call.scope)}:
        return
    given, x, y = source(condition), source(first), source(second)
    yield Advice(
        "With a vector as condition, tf.where of TensorFlow 1 takes whole rows of x and y; that of "
        "TensorFlow 2 and keras.ops.where broadcast the vector along the last axis.",
        f"keras.ops.where({given}, {x}, {y}) where the condition has the shape of x; "
        f"for a vector and matrices keras.ops.where(keras.ops.expand_dims({given}, -1), {x}, {y})",
    )


def _parts(node: ast.expr, scope: Any, depth: int = 0) -> Iterator[str]:
    """Yields the source of the tensors from which an expression is computed entry by entry."""
    if depth > _DEEPEST or isinstance(node, ast.Constant):
        return
    yield unparsed(node)
    inner: list[ast.expr] = []
    if isinstance(node, ast.Compare):
        inner = [node.left, *node.comparators]
    elif isinstance(node, ast.BinOp):
        inner = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp):
        inner = [node.operand]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        inner = node.args if node.func.attr in _EVERY_ENTRY else []
    elif isinstance(node, ast.Name):
        inner = _bound(node.id, scope)
    for each in inner:
        yield from _parts(each, scope, depth + 1)


def _bound(name: str, scope: Any) -> list[ast.expr]:
    """Returns the expression to which a name is bound once; nothing where it is not."""
    values = [each.value for each in bindings_of(name, scope)]
    return [each for each in values if each is not None] if len(values) == 1 else []


RULE = trap(
    code="TFR029",
    name="chosen-rows",
    difference="chosen_rows",
    before=("import tensorflow as tf\ns = tf.Session()\ny = tf.where(is_known, x, start)\n"),
    after=("import tensorflow as tf\ns = tf.Session()\ny = tf.where(x > 0, x, tf.zeros_like(x))\n"),
    functions=frozenset({"tf.where"}),
    call=check,
)
