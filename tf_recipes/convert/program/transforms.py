"""Defines how the values of Keras variables are made from those of TF1 variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes.convert.program.expressions import Origin

Array = NDArray[Any]


def reshape(values: Sequence[Array], shape: Sequence[int]) -> Array:
    """Returns the value in another shape."""
    return np.reshape(values[0], shape)


def transpose(values: Sequence[Array], order: Sequence[int]) -> Array:
    """Returns the value with its axes in another order."""
    return np.transpose(values[0], order)


_FUNCTIONS = {function.__name__: function for function in (reshape, transpose)}


def value_of(origin: Origin, values: dict[str, Array], constants: Sequence[Array]) -> Array:
    """Returns the value of a Keras variable.

    Args:
        origin: where the value comes from.
        values: `{TF1 variable: value}`.
        constants: the values that the graph holds.
    """
    if origin.constant >= 0:
        return constants[origin.constant]
    found = [values[name] for name in origin.variables]
    if origin.transform is None:
        return found[0]
    return _FUNCTIONS[origin.transform.function](found, **dict(origin.transform.arguments))
