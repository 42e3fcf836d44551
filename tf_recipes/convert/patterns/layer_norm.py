"""Lifts normalization by the moments of each row: of a layer, or of an instance's channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Constant, Value
from tf_recipes.convert.patterns import _normalization
from tf_recipes.convert.patterns._normalization import Formula
from tf_recipes.convert.program.expressions import Origin, Transform

LAYER, GROUPS = "keras.layers.LayerNormalization", "keras.layers.GroupNormalization"


def layer_norm(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the arithmetic of a layer normalization, or of an instance normalization."""
    formula = _normalization.formula(node, lifter)
    if formula is None:
        return None
    mean, variance = (
        lifter.view.behind(each, (*_normalization.SWITCHES, *_normalization.RESHAPES))
        for each in (formula.mean, formula.variance)
    )
    tensor = lifter.tensor(formula.x)
    if tensor is None or tensor.shape is None or lifter.view.variable(mean):
        return None
    axes = _normalization.axes_of_moments(lifter, formula.x, mean, variance)
    rank = len(tensor.shape)
    if not axes or 0 in axes:
        return None
    if axes == tuple(range(1, rank - 1)) and rank > 2:
        told: dict[str, Any] = {"groups": -1}
        path, shape = GROUPS, tensor.shape[-1:]
    elif axes == tuple(range(rank - len(axes), rank)):
        axis = None if len(axes) == 1 else tuple(axis - rank for axis in axes)
        path, shape, told = LAYER, tensor.shape[-len(axes) :], {"axis": axis}
    else:
        return None
    weights = _weights(lifter, formula, shape)
    if weights is None or None in shape:
        return None
    keywords = {
        **told,
        "epsilon": None if formula.epsilon == 1e-3 else formula.epsilon,
        "center": None if "beta" in weights else False,
        "scale": None if "gamma" in weights else False,
    }
    scope = None if any("/" in each.variables[0] for each in weights.values()) else _scope(node)
    return lifter.layer(node, path, tensor, (), keywords, weights, scope=scope, shape=tensor.shape)


def _weights(
    lifter: Lifter, formula: Formula, shape: tuple[int | None, ...]
) -> dict[str, Origin] | None:
    """Returns the origins of gamma and beta, or None where one has another shape."""
    found = {}
    for name, tensor, neutral in (("gamma", formula.gamma, 1), ("beta", formula.beta, 0)):
        if tensor is None:
            continue
        value = lifter.value(tensor)
        if isinstance(value, Constant) and np.all(value.array == neutral):
            continue
        also = (*_normalization.SWITCHES, *_normalization.RESHAPES)
        weight = lifter.weight(lifter.view.behind(tensor, also))
        if weight is None or tuple(each for each in weight.shape if each != 1) != tuple(
            each for each in shape if each != 1
        ):
            return None
        changed = None if weight.shape == shape else Transform("reshape", (("shape", shape),))
        found[name] = Origin((weight.name,), changed)
    return found


def _scope(node: Any) -> str:
    return "/".join(node.name.split("/")[:-1]) or "layer_norm"


PATTERNS = (
    Pattern(
        "layer norm",
        ("Add", "AddV2", "Sub", "Mul", "RealDiv"),
        layer_norm,
        f"{LAYER}(…), {GROUPS}(groups=-1)",
        order=16,
    ),
)
