"""Defines how the values of Keras variables are made from those of TF1 variables."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
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


def arranged(
    values: Sequence[Array],
    shape: Sequence[int],
    blocks: Sequence[tuple[int, Sequence[int], Sequence[int], Sequence[int], int]],
    added: Sequence[tuple[int, int, float]] = (),
) -> Array:
    """Returns an array of blocks of the values.

    Args:
        values: matrices and vectors; a vector has one row.
        shape: the shape of the result, of a matrix or a vector.
        blocks: for each block the place of its value, the rows and columns there, the row and the
            column here, and 1 or -1 as its factor.
        added: the first column, the one after the last, and the number that is added to them.
    """
    made = np.zeros((1, *shape) if len(shape) == 1 else tuple(shape), values[0].dtype)
    for place, rows, columns, (row, column), sign in blocks:
        block = np.atleast_2d(values[place])[slice(*rows), slice(*columns)]
        height, width = block.shape
        made[row : row + height, column : column + width] += sign * block
    for first, last, number in added:
        made[:, first:last] += np.asarray(number, made.dtype)
    return made.reshape(shape)


def linear(origin: Origin) -> Origin:
    """Returns the origin without the numbers that are added: the one of a variable's slots."""
    if origin.transform is None:
        return origin
    kept = tuple(each for each in origin.transform.arguments if each[0] != "added")
    return dataclasses.replace(
        origin, transform=dataclasses.replace(origin.transform, arguments=kept)
    )


_FUNCTIONS = {function.__name__: function for function in (reshape, transpose, arranged)}


def value_of(origin: Origin, values: Mapping[str, Array], constants: Sequence[Array]) -> Array:
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
