"""Writes `keras.name_scope` for a `tf.variable_scope` that only names what is in it."""

import ast

from tf_recipes.scan.terms.rewrite import KERAS, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, Given, New, Piece, short

SCOPE = "tf.variable_scope"
# What a scope gives the variables in it; layers of Keras get nothing from a scope.
_GIVEN = (
    "initializer",
    "regularizer",
    "partitioner",
    "custom_getter",
    "reuse",
    "dtype",
    "constraint",
)
# These change neither names nor numbers.
_DROPPED = ("values", "auxiliary_name_scope", "caching_device", "use_resource")
_ORDER = (
    *("name_or_scope", "default_name", "values", "initializer", "regularizer", "caching_device"),
    *("partitioner", "custom_getter", "reuse", "dtype", "use_resource", "constraint"),
)


def _scope(call: Call) -> New:
    call.drop(*_DROPPED)
    call.drop_without_effect(*_GIVEN)
    given, default = call.take("name_or_scope"), call.take("default_name")
    call.done()
    if given is None or given.text.strip() == "None":
        given, default = default, None
    if given is None:
        raise CannotFix("name_or_scope is missing")
    node = _text(given)
    if default is None or isinstance(node, ast.Constant):
        return New("keras.name_scope", [Piece(None, given)])
    _text(default)
    if not isinstance(node, ast.Name | ast.Attribute):
        raise CannotFix("default_name stands beside a name that is computed")
    return New("keras.name_scope", [Piece(None, f"{given.text.strip()} or {default.text.strip()}")])


def _text(given: Given) -> ast.expr:
    """Returns the expression of a name; one that is surely no text is refused."""
    node = ast.parse(f"({given.text.strip()})", mode="eval").body
    if not is_text(node) and not isinstance(node, ast.Name | ast.Attribute):
        raise CannotFix(f"{short(given.text)} may be the scope of other variables")
    texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
    if "" in texts or any(isinstance(each, str) and "/" in each for each in texts):
        raise CannotFix(f"{short(given.text)} is empty or has a slash, which Keras refuses")
    return node


def is_text(node: ast.expr) -> bool:
    """Returns whether an expression is surely a text: `"a"`, `"a%d" % i`, `f"a{i}"`, `str(i)`."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Mod):
            return is_text(node.left)
        return isinstance(node.op, ast.Add) and (is_text(node.left) or is_text(node.right))
    if isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Name):
            return function.id == "str"
        formats = isinstance(function, ast.Attribute) and function.attr == "format"
        return formats and is_text(function.value)  # type: ignore[attr-defined]
    return isinstance(node, ast.JoinedStr)


REWRITE = Rewrite(
    name="scopes",
    idiom=KERAS,
    summary="`tf.variable_scope` as `keras.name_scope`, where it only names layers.",
    before=(
        "import tensorflow as tf\n\n\n"
        "def net(x):\n"
        "    with tf.variable_scope('hidden'):  # names alone\n"
        "        return tf.layers.dense(x, 300, name='first')\n"
    ),
    after=(
        "import keras\n"
        "import tensorflow as tf\n\n\n"
        "def net(x):\n"
        "    with keras.name_scope('hidden'):  # names alone\n"
        "        return keras.layers.Dense(300, name='first')(x)\n"
    ),
    calls={SCOPE: _scope},
    orders={SCOPE: _ORDER},
    suggested=False,
)
