"""Lifts dense layers: a product with a variable, and the bias that is added to it."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value, Weight
from tf_recipes.convert.program.expressions import Origin, Transform

DENSE = "keras.layers.Dense"


def product(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a matrix product: with a variable to a dense layer, else to `keras.ops.matmul`."""
    left, right = lifter.view.inputs(node.name)
    flip_left = bool(lifter.view.attribute(node.name, "transpose_a"))
    flip_right = bool(lifter.view.attribute(node.name, "transpose_b"))
    rows, kernel = lifter.tensor(left), lifter.weight(right)
    turned = lifter.view.node(lifter.view.behind(right))
    if kernel is None and turned.op == "Transpose" and lifter.integers(turned.input[1]) == (1, 0):
        kernel = lifter.weight(turned.input[0])
        flip_right = flip_right if kernel is None else not flip_right
    column = _column(turned, lifter) if kernel is None else None
    if column is not None and rows is not None and not (flip_left or flip_right):
        reshaped = Transform("reshape", (("shape", (*column.shape, 1)),))
        origins = {"kernel": Origin((column.name,), reshaped)}
        return lifter.layer(node, DENSE, rows, [1], {"use_bias": False}, origins)
    if kernel and rows is not None and not flip_left and len(kernel.shape) == 2:
        transform = Transform("transpose", (("order", (1, 0)),)) if flip_right else None
        units = kernel.shape[0] if flip_right else kernel.shape[1]
        return lifter.layer(
            node,
            DENSE,
            rows,
            [units],
            {"use_bias": False},
            {"kernel": Origin((kernel.name,), transform)},
        )
    factors = [lifter.argument(left), lifter.argument(right)]
    if any(each is None for each in factors):
        return None
    for k, flip in enumerate((flip_left, flip_right)):
        if flip:
            name = (left, right)[k]
            shape = lifter.view.shape(name)
            factors[k] = lifter.derived(
                node, "keras.ops.transpose", factors[k], shape=shape[::-1] if shape else None
            )
    return lifter.operation(node, "keras.ops.matmul", *factors)


def _column(node: Any, lifter: Lifter) -> Weight | None:
    """Returns the variable with one axis that a node makes a matrix of one column, or None."""
    weight = lifter.weight(node.input[0]) if node.op in ("Reshape", "ExpandDims") else None
    if weight is None or len(weight.shape) != 1:
        return None
    return weight if lifter.view.shape(node.name) == (*weight.shape, 1) else None


PATTERNS = (
    Pattern("dense layer", ("MatMul",), product, "keras.layers.Dense(…), keras.ops.matmul"),
)
