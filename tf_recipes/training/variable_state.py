"""Every variable that training changes, as arrays and back."""

import re

import keras
import numpy as np

_COUNTED = re.compile(r"_\d+(?=/)")  # Keras numbers objects as they are made in a process


class State:
    """Weights, statistics, random generators, optimizer and metrics of a model.

    Args:
        model: a compiled `keras.Model`.
        x, y: one row of data at least, from which the metrics learn their shapes.
    """

    def __init__(self, model, x, y):
        model.optimizer.build(model.trainable_variables)
        if not all(getattr(metric, "built", True) for metric in model.metrics):
            model.test_step((x[:1], y[:1], None))
        model.reset_metrics()
        groups = {
            "model": model.variables,
            "optimizer": model.optimizer.variables,
            "metrics": [v for metric in model.metrics for v in metric.variables],
        }
        self._variables = {
            f"{group}/{k}/{_COUNTED.sub('', variable.path)}": variable
            for group, variables in groups.items()
            for k, variable in enumerate(variables)
        }

    def take(self):
        """`{name: array}`, copies."""
        return {name: variable.numpy() for name, variable in self._variables.items()}

    def put(self, arrays):
        """Sets every variable."""
        for name, variable in self._variables.items():
            variable.assign(arrays[name])

    @property
    def bytes(self):
        return sum(array.nbytes for array in self.take().values())


def finite(arrays):
    """Whether no weight and no statistic among `State.take()` is infinite or not a number."""
    return all(
        np.isfinite(array).all() for name, array in arrays.items() if name.startswith("model/")
    )


def learning_rate(model):
    """The rate of the next step, a float."""
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
