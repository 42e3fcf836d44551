"""Lifts the means of `tf.losses`, which divide a sum by the number of weights that are not zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value

_DIVISIONS = ("DivNoNan", "RealDiv", "Div")
CLOSE = 1e-5  # the relative difference between two float32 means of a few numbers


def weighted_mean(node: Any, lifter: Lifter) -> Value | None:
    """Returns the mean of a tensor, times a number, where the graph computes no more than that.

    What the graph makes of random numbers tells it, since programs of each version of TF1 count
    the weights in another way.
    """
    view = lifter.view
    if view.rank(f"{node.name}:0") != 0:
        return None
    summed = _summed(node, lifter)
    tensor = None if summed is None else lifter.tensor(summed)
    if summed is None or tensor is None:
        return None
    shape = view.shape(summed)
    if not shape:
        return None
    rng = np.random.RandomState(0)
    factors = []
    for rows in (5, 7):
        sizes = [n if n is not None else (rows if k == 0 else 3) for k, n in enumerate(shape)]
        array = np.asarray(1 + rng.rand(*sizes), view.dtype(summed))
        found = view.evaluated([f"{node.name}:0"], {summed: array})
        if found is None:
            return None
        factors.append(float(found[0]) / float(np.mean(array, dtype="f8")))
    factor = float(f"{factors[0]:.6g}")
    if factor == 0 or any(abs(each - factor) > CLOSE * abs(factor) for each in factors):
        return None
    if factor == 1:
        return lifter.operation(node, "keras.ops.mean", tensor)
    mean = lifter.derived(node, "keras.ops.mean", tensor, shape=())
    return lifter.operation(node, "*", factor, mean)


def _summed(node: Any, lifter: Lifter) -> str | None:
    """Returns the tensor whose entries a division adds up, behind factors that are constant."""
    view = lifter.view
    if node.op in ("Select", "SelectV2"):  # where there are weights, the sum over their number
        division = view.behind(node.input[1])
        if view.op(division) not in _DIVISIONS:
            return None
        name = view.inputs(division)[0]
    else:
        name = view.inputs(node.name)[0]
    sums = 0
    for _ in range(8):
        op, data = view.op(name), view.inputs(name)
        if op in ("Sum", "Identity"):
            sums += op == "Sum"
            name = data[0]
        elif op == "Mul" and any(_is_number(each, lifter) for each in data):
            name = data[0] if _is_number(data[1], lifter) else data[1]
        else:
            break
    return name if sums else None


def _is_number(tensor: str, lifter: Lifter) -> bool:
    return lifter.scalar(tensor) is not None


PATTERNS = (
    Pattern(
        "mean of tf.losses",
        ("DivNoNan", "Select", "SelectV2"),
        weighted_mean,
        "keras.ops.mean(…)",
        order=8,
    ),
)
