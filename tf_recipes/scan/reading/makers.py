"""Tells which objects of a file TensorFlow's functions made, as far as the file shows it."""

import ast

from tf_recipes.scan.reading.resolution import Resolver
from tf_recipes.scan.reading.scopes import Scope, called_name

OTHER = "another class"
_DEEPEST = 6  # names, calls and operators behind one another


def is_made(node: ast.expr, scope: Scope, resolver: Resolver, depth: int = 0) -> bool:
    """Returns whether an object is surely the result of a function of TensorFlow.

    So are the results of its methods and of operators, such as `optimizer.minimize(loss)` and
    `2 * loss`, and what a name was bound to alone. Sessions do not count.

    Args:
        node: the expression.
        scope: its scope.
        resolver: what the names of the file stand for.
        depth: the number of expressions that were looked into.
    """
    if depth > _DEEPEST:
        return False
    if isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Name | ast.Attribute):
            names = [each.name for each in resolver.resolve(function, scope)]
            if names:
                return all(each.startswith("tf.") and each[-7:] != "Session" for each in names)
        inner = function.value if isinstance(function, ast.Attribute) else None
        return inner is not None and is_made(inner, scope, resolver, depth + 1)
    if isinstance(node, ast.BinOp):
        sides = (node.left, node.right)
        return any(is_made(each, scope, resolver, depth + 1) for each in sides)
    if isinstance(node, ast.UnaryOp):
        return is_made(node.operand, scope, resolver, depth + 1)
    if not isinstance(node, ast.Name | ast.Attribute):
        return False
    found = resolver.lookups.bindings(node, scope)
    return bool(found) and all(
        each.value is not None
        and each.scope is not None
        and is_made(each.value, each.scope, resolver, depth + 1)
        for each in found
    )


def makers(node: ast.expr, scope: Scope, resolver: Resolver, depth: int = 0) -> frozenset[str]:
    """Returns the functions of TensorFlow of which one returned an object, as the file shows.

    Empty where the file does not show it, as for a parameter. `OTHER` stands for a class that is
    not TensorFlow's. Methods and operators in between do not count: `tf.train.AdamOptimizer()` has
    a maker, `tf.train.AdamOptimizer().minimize(loss)` has none.

    Args:
        node: the expression.
        scope: its scope.
        resolver: what the names of the file stand for.
        depth: the number of expressions that were looked into.
    """
    if depth > _DEEPEST:
        return frozenset()
    if isinstance(node, ast.Call):
        names = [each.name for each in resolver.resolve(node.func, scope)]
        if names:
            return frozenset(each if each.startswith("tf.") else OTHER for each in names)
        return frozenset([OTHER] if called_name(node)[:1].isupper() else ())
    if not isinstance(node, ast.Name | ast.Attribute):
        return frozenset()
    found = [
        makers(each.value, each.scope, resolver, depth + 1)
        if each.value is not None and each.scope is not None
        else frozenset()
        for each in resolver.lookups.bindings(node, scope)
    ]
    return frozenset().union(*found) if all(found) else frozenset()
