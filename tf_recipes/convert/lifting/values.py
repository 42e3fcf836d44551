"""Defines what a tensor of a TF1 graph can be, besides a tensor of the program."""

from __future__ import annotations

import dataclasses
from typing import Any

from numpy.typing import NDArray

from tf_recipes.convert.program.expressions import Tensor


@dataclasses.dataclass(frozen=True, eq=False)
class Constant:
    """Stands for a value that the graph holds, also one that is computed from such values."""

    array: NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Weight:
    """Stands for the value of a variable: the TF1 variables and, if any, how they make the value.

    `transform` is None for one variable as it is; several variables are parts of one, in order.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclasses.dataclass(frozen=True)
class Dimension:
    """Stands for a number of rows, columns and so on that is not known before a model runs.

    `times` are the factors of a product that begins with it: numbers and other dimensions.
    """

    tensor: Tensor
    axis: int
    times: tuple[Any, ...] = ()


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Stands for a vector of dimensions, or one alone, that a graph computes from shapes.

    `entries` are numbers or a `Dimension`; `scalar` says that the value is the one entry.
    """

    entries: tuple[int | Dimension, ...]
    scalar: bool = False


@dataclasses.dataclass(frozen=True)
class Flag:
    """Stands for the placeholder that says whether the model trains, or for its contrary."""

    name: str
    negated: bool = False


@dataclasses.dataclass(frozen=True)
class Setting:
    """Stands for a placeholder with one value in training and another one in evaluation.

    `training` and `evaluation` are None where nothing says the value, and tuples where the
    placeholder is a vector of such values. `plus` and `times` say what the graph computed of the
    placeholder's value: `plus + times * value`.
    """

    name: str
    training: Any
    evaluation: Any
    plus: float = 0.0
    times: float = 1.0

    def at(self, value: Any) -> Any:
        """Returns what the graph computes for a value of the placeholder."""
        return None if value is None else self.plus + self.times * value


@dataclasses.dataclass(frozen=True)
class Steps:
    """Stands for a tensor in a turn of a recurrent loop, by its entries in all turns together.

    `tensor` has the axes of rows, of time, and the others. `frame` is the loop's name. `masked`
    says that the entries after the end of a series are zeros.
    """

    tensor: Tensor
    frame: str
    masked: bool = False


@dataclasses.dataclass(frozen=True)
class Unknown:
    """Stands for a tensor that no pattern makes, and names the node at fault.

    `reason` is the end of a sentence that begins with the node.
    """

    node: str
    op: str
    reason: str = ""


Value = Tensor | Constant | Weight | Sizes | Flag | Setting | Steps | Unknown
