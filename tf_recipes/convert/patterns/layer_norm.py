"""Lifts normalization by the moments of each row: of a layer, or of an instance's channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Constant, Value
from tf_recipes.convert.patterns import _normalization
from tf_recipes.convert.patterns._normalization import Formula
from tf_recipes.convert.patterns.shapes import before_reshape
from tf_recipes.convert.program.expressions import Origin, Tensor, Transform

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
    axes = tuple(sorted(_normalization.axes_of_moments(lifter, formula.x, mean, variance) or ()))
    rank = len(tensor.shape)
    if not axes or 0 in axes:
        return None
    if rank > 3 and axes == (*range(1, rank - 2), rank - 1):
        return _of_groups(node, lifter, formula, tensor)
    if axes == tuple(range(1, rank - 1)) and rank > 2:
        told: dict[str, Any] = {"groups": -1}
        path, shape = GROUPS, tensor.shape[-1:]
    elif axes == tuple(range(rank - len(axes), rank)):
        axis = None if len(axes) == 1 else tuple(axis - rank for axis in axes)
        path, shape, told = LAYER, tensor.shape[-len(axes) :], {"axis": axis}
    else:
        return None
    weights = _weights(lifter, formula, shape)
    if weights is None and axes == tuple(range(1, rank)):  # gamma and beta are of the channels
        path, shape, told = GROUPS, tensor.shape[-1:], {"groups": 1}
        weights = _weights(lifter, formula, shape)
    if weights is None or None in shape:
        return None
    return _added(node, lifter, formula, tensor, path, told, weights)


def _of_groups(node: Any, lifter: Lifter, formula: Formula, tensor: Tensor) -> Value | None:
    """Lifts the normalization of groups of channels, for which the graph splits the last axis."""
    source, shape = before_reshape(tensor), tensor.shape
    if source is None or source.shape is None or shape is None or None in shape[1:]:
        return None
    groups, size = shape[-2:]
    channels = source.shape[-1:]
    if source.shape[:-1] != shape[:-2] or groups is None or size is None:
        return None
    weights = _weights(lifter, formula, channels, (groups, size))
    if channels != (groups * size,) or weights is None:
        return None
    made = _added(node, lifter, formula, source, GROUPS, {"groups": groups}, weights)
    return lifter.layer(  # the reshape that follows undoes it
        node, "keras.layers.Reshape", made, [shape[1:]], scope=node.name, shape=shape
    )


def _added(
    node: Any,
    lifter: Lifter,
    formula: Formula,
    tensor: Tensor,
    path: str,
    told: dict[str, Any],
    weights: dict[str, Origin],
) -> Tensor:
    """Adds the layer of a normalization.

    Args:
        node: the node that gives the result.
        lifter: the lifter.
        formula: what the graph computes.
        tensor: what the layer takes.
        path: the class.
        told: keyword arguments of the class besides those of the formula.
        weights: the origins of gamma and beta.
    """
    keywords = {
        **told,
        "epsilon": None if formula.epsilon == 1e-3 else formula.epsilon,
        "center": None if "beta" in weights else False,
        "scale": None if "gamma" in weights else False,
    }
    scope = None if any("/" in each.variables[0] for each in weights.values()) else _scope(node)
    return lifter.layer(node, path, tensor, (), keywords, weights, scope=scope, shape=tensor.shape)


def _weights(
    lifter: Lifter,
    formula: Formula,
    shape: tuple[int | None, ...],
    used: tuple[int, ...] = (),
) -> dict[str, Origin] | None:
    """Returns the origins of gamma and beta, or None where one has another shape.

    Args:
        lifter: the lifter.
        formula: what the graph computes.
        shape: the shape that they have in Keras.
        used: the shape in which the graph uses them, if it is another one.
    """
    found = {}
    for name, tensor, neutral in (("gamma", formula.gamma, 1), ("beta", formula.beta, 0)):
        if tensor is None:
            continue
        value = lifter.value(tensor)
        if isinstance(value, Constant) and np.all(value.array == neutral):
            continue
        also = (*_normalization.SWITCHES, *_normalization.RESHAPES)
        weight = lifter.weight(lifter.view.behind(tensor, also))
        if used and not _has_shape(lifter, tensor, used):
            return None
        if weight is None or tuple(each for each in weight.shape if each != 1) != tuple(
            each for each in shape if each != 1
        ):
            return None
        changed = None if weight.shape == shape else Transform("reshape", (("shape", shape),))
        found[name] = Origin((weight.name,), changed)
    return found


def _has_shape(lifter: Lifter, tensor: str, shape: tuple[int, ...]) -> bool:
    """Returns whether a tensor has a shape, but for axes of one entry before it."""
    found = lifter.view.shape(tensor) or ()
    return found[-len(shape) :] == shape and set(found[: -len(shape)]) <= {1}


def _scope(node: Any) -> str:
    return "/".join(node.name.split("/")[:-1]) or "layer_norm"


PATTERNS = (
    Pattern(
        "layer norm",
        ("Add", "AddV2", "Sub", "Mul", "RealDiv"),
        layer_norm,
        f"{LAYER}(…), {GROUPS}(groups=…)",
        order=16,
    ),
)
