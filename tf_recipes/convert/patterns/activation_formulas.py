"""Lifts activations that a graph computes by arithmetic: leaky ReLU, selu, swish, gelu, limits.

A formula of one tensor is compared with known functions by its values, so that each way to write a
function is the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value
from tf_recipes.convert.patterns import activations

Array = NDArray[Any]

SIZE = 16  # nodes of a formula
LIMIT = np.float32(1000)
SAMPLES = np.concatenate([np.linspace(-12, 12, 97), [1e-3, -1e-3, 40, -40, LIMIT, -LIMIT]]).astype(
    np.float32
)

FAR = np.abs(SAMPLES) > 12

_erf = np.vectorize(math.erf, otypes=[np.float32])


def _sigmoid(x: Array) -> Array:
    return np.float32(1) / (np.float32(1) + np.exp(-x))


def _softplus(x: Array) -> Array:
    return np.logaddexp(x, np.float32(0))


def _elu(x: Array) -> Array:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _selu(x: Array) -> Array:
    return np.float32(1.05070098) * np.where(x > 0, x, np.float32(1.67326324) * _elu(x))


def _gelu_tanh(x: Array) -> Array:
    return x / 2 * (1 + np.tanh(np.float32(math.sqrt(2 / math.pi)) * (x + 0.044715 * x**3)))


# TF1's operations that a formula may have
_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "Add": np.add,
    "AddV2": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "RealDiv": np.divide,
    "Neg": np.negative,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
    "Abs": np.abs,
    "Sign": np.sign,
    "Exp": np.exp,
    "Log": np.log,
    "Log1p": np.log1p,
    "Expm1": np.expm1,
    "Square": np.square,
    "Sqrt": np.sqrt,
    "Pow": np.power,
    "Erf": _erf,
    "Erfc": lambda x: 1 - _erf(x),
    "Tanh": np.tanh,
    "Sigmoid": _sigmoid,
    "Softplus": _softplus,
    "Relu": lambda x: np.maximum(x, 0),
    "Relu6": lambda x: np.clip(x, 0, 6),
    "Elu": _elu,
    "Greater": np.greater,
    "GreaterEqual": np.greater_equal,
    "Less": np.less,
    "LessEqual": np.less_equal,
    "LogicalNot": np.logical_not,
    "Select": np.where,
    "SelectV2": np.where,
    "ZerosLike": np.zeros_like,
    "OnesLike": np.ones_like,
    "Identity": lambda x: x,
    "IdentityN": lambda x, *others: x,
    "Cast": lambda x: x.astype(np.float32),
    "ClipByValue": np.clip,
}
# the activations of Keras that people write by arithmetic
_KNOWN: dict[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, np.float32(0.2) * x),
    "elu": _elu,
    "selu": _selu,
    "silu": lambda x: x * _sigmoid(x),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "gelu": lambda x: x / 2 * (1 + _erf(x / np.float32(math.sqrt(2)))),
    "gelu_tanh": _gelu_tanh,
}


def formula(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a formula of one tensor that is a known activation."""
    for taken, inside in reversed(list(_sources(node, lifter))):
        if lifter.tensor(taken) is None:
            continue
        with np.errstate(all="ignore"):
            try:
                values = _Values(lifter, taken).of(f"{node.name}:0")
            except _NoNumber:
                continue
        alone = lifter.view.uses(taken) == sum(
            taken in map(lifter.view.behind, lifter.view.inputs(each)) for each in inside
        )
        found = _known(node, lifter, taken, values, alone)
        if found is not None:
            return found
    return None


def leaky_relu(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the operation of TF 1.13 and later."""
    slope = float(str(np.float32(lifter.view.attribute(node.name, "alpha"))))
    return _leaky(node, lifter, node.input[0], slope, None)


def _known(node: Any, lifter: Lifter, taken: str, values: Array, alone: bool) -> Value | None:
    """Returns the activation of Keras with some values at the samples, or None."""

    def same(expected: Array) -> bool:
        # far from 0 the functions reach their limits: 0 is not a small number there
        exact = np.array_equal(values[FAR] == 0, expected[FAR] == 0)
        return exact and np.allclose(values, expected, rtol=1e-5, atol=1e-6)

    with np.errstate(all="ignore"):
        names = [name for name, function in _KNOWN.items() if same(function(SAMPLES))]
    value = lifter.argument(taken)
    if names and names[0] == "gelu_tanh":
        return lifter.derived(
            node,
            "keras.activations.gelu",
            value,
            shape=lifter.view.shape(node.name),
            approximate=True,
        )
    if names:
        return activations.applied(node, lifter, taken, names[0], alone)
    slope = values[SAMPLES == -LIMIT][0] / -LIMIT
    if 0 < slope < 1 and same(np.where(SAMPLES > 0, SAMPLES, slope * SAMPLES)):
        return _leaky(node, lifter, taken, float(f"{slope:.6g}"), alone)
    low, high = values[np.argmin(SAMPLES)], values[np.argmax(SAMPLES)]
    if -LIMIT < low < high < LIMIT and same(np.clip(SAMPLES, low, high)):
        return lifter.operation(node, "keras.ops.clip", value, low, high)
    return None


def _leaky(node: Any, lifter: Lifter, taken: str, slope: float, alone: bool | None) -> Value | None:
    if slope == 0.2:  # the default of Keras
        return activations.applied(node, lifter, taken, "leaky_relu", alone)
    tensor = lifter.tensor(taken)
    if tensor is None:
        return None
    return lifter.layer(
        node,
        "keras.layers.LeakyReLU",
        tensor,
        (),
        {"negative_slope": slope},
        scope=_scope(node),
    )


def _scope(node: Any) -> str:
    """Returns the name that the program gave the formula: that of the node, or of its scope."""
    scope, _, last = node.name.rpartition("/")
    by_tf1 = re.fullmatch(rf"(?i)({node.op}|mul|add|sub|truediv)(_\d+)?", last)
    return (scope or "leaky_relu") if by_tf1 else str(node.name)


def _sources(node: Any, lifter: Lifter) -> Iterator[tuple[str, list[str]]]:
    """Yields tensors that alone decide what a node gives, with the nodes of the formula."""
    view = lifter.view

    def taken_by(name: str) -> list[str]:
        found = [view.behind(each) for each in view.inputs(name)]
        return [each for each in found if view.constant(each) is None]

    inside, front = [node.name], dict.fromkeys(taken_by(node.name))
    while front and len(inside) <= SIZE:
        if len(front) == 1:
            yield next(iter(front)), list(inside)
        last = max(front, key=lambda each: view.places.get(each.partition(":")[0], -1))
        if view.is_input(last) or view.op(last) not in _FUNCTIONS:
            return
        del front[last]
        inside.append(last.partition(":")[0])
        front |= dict.fromkeys(taken_by(last))


class _NoNumber(Exception):
    """Says that a formula holds something else than numbers and known functions."""


class _Values:
    """Computes the values of a formula at the samples."""

    def __init__(self, lifter: Lifter, taken: str) -> None:
        self._lifter = lifter
        self._known: dict[str, Array] = {taken: SAMPLES}

    def of(self, tensor: str) -> Array:
        """Returns the values of a tensor."""
        view = self._lifter.view
        name = view.behind(tensor)
        if name not in self._known:
            constant = view.constant(name)
            if constant is not None:
                if constant.size != 1 or constant.dtype.kind not in "fiub":
                    raise _NoNumber
                value = constant.reshape(())
                self._known[name] = value.astype(np.float32) if value.dtype.kind == "f" else value
            else:
                function = _FUNCTIONS[view.op(name)]
                inputs = [self.of(each) for each in view.inputs(name)]
                self._known[name] = np.asarray(function(*inputs))
        return self._known[name]


PATTERNS = (
    Pattern(
        "activation by arithmetic",
        (
            *("Mul", "Add", "AddV2", "Sub", "RealDiv", "Maximum", "Minimum", "Select", "SelectV2"),
            *("Log", "Log1p", "ClipByValue", "IdentityN"),
        ),
        formula,
        'activation="…", keras.layers.LeakyReLU(…), keras.ops.clip',
        order=14,
    ),
    Pattern("LeakyRelu", ("LeakyRelu",), leaky_relu, "keras.layers.LeakyReLU(…)"),
)
