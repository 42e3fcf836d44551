"""Lifts arithmetic, comparisons and other functions of each entry."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Constant, Setting, Value
from tf_recipes.convert.patterns import _layout
from tf_recipes.convert.program.expressions import Made, Tensor

OPERATORS = {
    "FloorMod": "%",
    "Add": "+",
    "AddV2": "+",
    "Sub": "-",
    "Mul": "*",
    "RealDiv": "/",
    "Pow": "**",
    "FloorDiv": "//",
    "Greater": ">",
    "GreaterEqual": ">=",
    "Less": "<",
    "LessEqual": "<=",
}
# what stands for an operator after an array of NumPy, which would take the operator for its own
AS_FUNCTIONS = {
    "%": "mod",
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "true_divide",
    "**": "power",
    "//": "floor_divide",
    ">": "greater",
    ">=": "greater_equal",
    "<": "less",
    "<=": "less_equal",
}
FUNCTIONS = {
    "Acos": "arccos",
    "Acosh": "arccosh",
    "Asin": "arcsin",
    "Asinh": "arcsinh",
    "Atan": "arctan",
    "Atan2": "arctan2",
    "Atanh": "arctanh",
    "Sinh": "sinh",
    "Cosh": "cosh",
    "LogicalXor": "logical_xor",
    "ClipByValue": "clip",
    "Neg": "negative",
    "Exp": "exp",
    "Log": "log",
    "Log1p": "log1p",
    "Expm1": "expm1",
    "Square": "square",
    "Sqrt": "sqrt",
    "Rsqrt": "rsqrt",
    "Reciprocal": "reciprocal",
    "Abs": "abs",
    "Sign": "sign",
    "Floor": "floor",
    "Ceil": "ceil",
    "Round": "round",
    "Rint": "round",
    "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan",
    "Erf": "erf",
    "DivNoNan": "divide_no_nan",
    "Maximum": "maximum",
    "Minimum": "minimum",
    "Equal": "equal",
    "NotEqual": "not_equal",
    "LogicalAnd": "logical_and",
    "LogicalOr": "logical_or",
    "LogicalNot": "logical_not",
    "IsNan": "isnan",
    "IsInf": "isinf",
    "IsFinite": "isfinite",
    "ZerosLike": "zeros_like",
    "OnesLike": "ones_like",
    "Select": "where",
    "SelectV2": "where",
}


def operator(node: Any, lifter: Lifter) -> Value | None:
    """Lifts an operator of Python, such as `+`."""
    return _lifted(node, lifter, OPERATORS[node.op])


def function(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a function of `keras.ops`."""
    return _lifted(node, lifter, f"keras.ops.{FUNCTIONS[node.op]}")


def _lifted(node: Any, lifter: Lifter, callee: str) -> Value | None:
    names = lifter.view.inputs(node.name)
    constants = {name: lifter.constant(name) for name in names}
    if all(each is not None for each in constants.values()):
        values = lifter.view.evaluated([f"{node.name}:0"], constants)
        return None if values is None else Constant(values[0])
    arguments = [lifter.argument(each) for each in names]
    if any(each is None for each in arguments):
        return None
    if not any(lifter.is_tensor(each) for each in arguments):
        arguments[0] = lifter.as_tensor(lifter.value(names[0]), names[0])
    if callee in ("+", "-"):
        arguments = [_apart(node, lifter, callee, arguments, each) for each in arguments]
    if callee == "+":
        arguments = _smaller_first(arguments)
    inner = _channels_last(arguments)
    if inner is not None:
        shape = next(each.shape for each in inner if isinstance(each, Tensor))
        result = lifter.derived(node, callee, *inner, shape=shape)
        return _layout.to_first(node, lifter, result)
    if isinstance(arguments[0], Made) and callee in AS_FUNCTIONS:
        callee = f"keras.ops.{AS_FUNCTIONS[callee]}"
    return lifter.operation(node, callee, *arguments)


def _apart(node: Any, lifter: Lifter, callee: str, arguments: list[Any], one: Any) -> Any:
    """Returns a term of a sum, rounded where TensorFlow would join its number with another one.

    Its optimizer computes `(1 - x) + 1e-7` as `(1 + 1e-7) - x`, as soon as a model is compiled, and
    of that of TF 1.15 each sum with a minus is left as it is. Near `x == 1` nothing is alike.
    """
    if not isinstance(one, Tensor) or one.step.callee not in ("+", "-"):
        return one
    others = [each for each in arguments if each is not one]
    inside = [each for each in one.step.arguments if not isinstance(each, Tensor)]
    if len(others) != 1 or len(inside) != 1 or "-" not in (callee, one.step.callee):
        return one
    number, other = (_number(each) for each in (others[0], inside[0]))
    if number is None or other is None or one.dtype not in ("float32", "float16"):
        return one
    kind = np.dtype(one.dtype).type
    if all(float(kind(number + k * other)) == number + k * other for k in (1, -1)):
        return one
    return lifter.derived(node, "rounded", one, shape=one.shape, scope="rounded")


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float | np.floating) else None


def _smaller_first(arguments: list[Any]) -> list[Any]:
    """Returns the terms of a sum, that with a last axis of 1 before the other one.

    On TensorFlow `keras.ops.add` of Keras 3.15 takes a second term of shape (n, 1) for a bias along
    the last axis, where the first term has n columns.
    """
    first, second = arguments
    if not isinstance(first, Tensor) or not isinstance(second, Tensor):
        return arguments
    if not first.shape or not second.shape or second.shape[-1] != 1 or first.shape == second.shape:
        return arguments
    axes = [sum(size != 1 for size in each.shape or ()) for each in (first, second)]
    return arguments if first.shape[-1] == 1 and axes[0] < axes[1] else [second, first]


def _channels_last(arguments: list[Any]) -> list[Any] | None:
    """Returns arguments of which all tensors had their channels last before; None for others."""
    found = [_layout.last(each) if isinstance(each, Tensor) else each for each in arguments]
    alike = {each.shape for each in found if isinstance(each, Tensor)}
    others = [each for each in found if not isinstance(each, Tensor | int | float | np.floating)]
    return found if len(alike) == 1 and not others else None


def division(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the division of fractions, also that by the first versions of TF1."""
    fraction = lifter.view.dtype(f"{node.name}:0").startswith(("float", "bfloat"))
    return _lifted(node, lifter, "/") if fraction else None


def squared_difference(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the square of a difference."""
    arguments = [lifter.argument(each) for each in lifter.view.inputs(node.name)]
    if any(each is None for each in arguments):
        return None
    difference = lifter.derived(node, "-", *arguments, shape=lifter.view.shape(node.name))
    return lifter.operation(node, "keras.ops.square", difference)


def setting(node: Any, lifter: Lifter) -> Value | None:
    """Computes on with a placeholder that has a value for training and one for evaluation."""
    names = lifter.view.inputs(node.name)
    values, numbers = [lifter.value(each) for each in names], [lifter.scalar(e) for e in names]
    if isinstance(values[0], Setting) and numbers[1] is not None:
        given, number, first = values[0], float(numbers[1]), True
    elif isinstance(values[1], Setting) and numbers[0] is not None:
        given, number, first = values[1], float(numbers[0]), False
    else:
        return None
    plus, times = given.plus, given.times
    match node.op:
        case "Add" | "AddV2":
            plus += number
        case "Sub" if first:
            plus -= number
        case "Sub":
            plus, times = number - plus, -times
        case "Mul":
            plus, times = plus * number, times * number
        case "RealDiv" if first and number:
            plus, times = plus / number, times / number
        case _:
            return None
    return Setting(given.name, given.training, given.evaluation, plus, times)


PATTERNS = (
    Pattern("setting", ("Add", "AddV2", "Sub", "Mul", "RealDiv"), setting, "a number", order=5),
    Pattern("operator", tuple(OPERATORS), operator, "… + …", order=90),
    Pattern("function of each entry", tuple(FUNCTIONS), function, "keras.ops.…", order=90),
    Pattern("Div", ("Div",), division, "… / …", order=90),
    Pattern("SquaredDifference", ("SquaredDifference",), squared_difference, "keras.ops.square"),
)
