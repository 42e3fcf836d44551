"""Recognizes the shapes of tensors in code."""

import ast


def is_shape(node: ast.expr) -> bool:
    """Returns whether an expression is `x.shape` or `x.get_shape()`."""
    if isinstance(node, ast.Call):
        function = node.func
        return isinstance(function, ast.Attribute) and function.attr == "get_shape"
    return isinstance(node, ast.Attribute) and node.attr == "shape"


def is_dimension(node: ast.expr) -> bool:
    """Returns whether an expression is an item of a shape: `x.shape[1]`, `x.get_shape()[1]`."""
    return isinstance(node, ast.Subscript) and is_shape(node.value)
