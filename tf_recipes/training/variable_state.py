"""Copies and restores every variable that training changes."""

import re
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import step_variables

# The numbers that Keras gives to objects of one class in the order of their creation in a process.
_OBJECT_NUMBER = re.compile(r"_\d+(?=/)")


class VariableState:
    """Copies and restores the variables of a model, its optimizer and its metrics.

    The model's variables are its weights, statistics and random generators.

    Args:
        model: a compiled `keras.Model`.
        y: at least one label, from which the metrics learn their shapes.
    """

    def __init__(self, model: keras.Model, y: NDArray[Any]) -> None:
        step_variables.create(model, y)
        model.reset_metrics()
        groups = {
            "model": model.variables,
            "optimizer": model.optimizer.variables,
            "metrics": [v for metric in model.metrics for v in metric.variables],
        }
        self._variables = {
            f"{group}/{k}/{_OBJECT_NUMBER.sub('', variable.path)}": variable
            for group, variables in groups.items()
            for k, variable in enumerate(variables)
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Returns a copy of every variable's value, `{name: array}`."""
        return {name: np.array(variable.numpy()) for name, variable in self._variables.items()}

    def assign(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Sets every variable to its array in `arrays`."""
        for name, variable in self._variables.items():
            variable.assign(arrays[name])

    @property
    def byte_count(self) -> int:
        """Returns the number of bytes of all variables."""
        return sum(array.nbytes for array in self.arrays().values())


def all_finite(arrays: Mapping[str, NDArray[Any]]) -> bool:
    """Says whether all weights and statistics in `VariableState.arrays()` are finite."""
    return all(
        np.isfinite(array).all() for name, array in arrays.items() if name.startswith("model/")
    )


def learning_rate(model: keras.Model) -> float:
    """Returns the learning rate of the next step."""
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
