"""Finds how TF1 asks for shapes: those of Keras are tuples of numbers, without methods."""

import ast
from collections.abc import Iterator

from tf_recipes.scan.fixing.file_view import FileView
from tf_recipes.scan.terms.shape_code import is_dimension, is_shape

ITEM = "item"  # `x.shape[1].value`, for `x.shape[1]`
PLAIN = "plain"  # `x.get_shape()`, for `x.shape`
LIST = "list"  # `x.shape.as_list()`, for `list(x.shape)`
RANK = "rank"  # `x.shape.ndims`, for `len(x.shape)`


def found(view: FileView) -> Iterator[tuple[ast.expr, str]]:
    """Yields each expression that Keras writes in another way, with its form."""
    forms = {"as_list": LIST, "get_shape": PLAIN}
    for each in view.functions.all():
        forms.pop(each.name.rpartition(".")[2], None)  # the file's own
    for calling in view.analysis.collected.calls:
        node, function = calling.node, calling.node.func
        if isinstance(function, ast.Attribute) and not (node.args or node.keywords):
            form = forms.get(function.attr)
            if form is not None:
                yield node, form
    for use in view.analysis.collected.uses:
        node = use.node
        if isinstance(node, ast.Attribute):
            if node.attr == "value" and is_dimension(node.value):
                yield node, ITEM
            elif node.attr == "ndims" and is_shape(node.value):
                yield node, RANK
