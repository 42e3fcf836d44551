"""Defines the base class of this package's optimizers."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops


class TF1Optimizer(keras.optimizers.Optimizer):
    """Provides what TF1's optimizers share: slots, float32 hyperparameters, sparse gradients.

    A subclass defines `initial_slots` and `step`.
    """

    def build(self, variables: Sequence[keras.Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        # Keras would round Python's float to float32 on its way to float64; NumPy's float64 stays.
        self._slots = {
            name: [
                self.add_variable_from_reference(
                    variable,
                    name=name,
                    initializer=keras.initializers.Constant(np.float64(initial)),
                )
                for variable in variables
            ]
            for name, initial in self.initial_slots().items()
        }

    def initial_slots(self) -> dict[str, float]:
        """Returns `{name: initial value}` of the slot variables of each model variable."""
        raise NotImplementedError

    def step(
        self, w: Any, slots: Mapping[str, Any], g: Any, eta: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Computes one step for one variable.

        Args:
            w: tensor, the variable's value.
            slots: `{name: tensor}`, the values of the variable's slots.
            g: tensor, the gradient, of the shape and dtype of `w`.
            eta: scalar of that dtype, the learning rate.

        Returns:
            The new `w` and the new `{name: tensor}` of the slots.
        """
        raise NotImplementedError

    def hyperparameter(self, value: Any, like: Any) -> Any:
        """Rounds a number to float32, as TF1 does, and casts it to the dtype of `like`."""
        if isinstance(value, float | int):
            value = np.float32(value)
        return ops.cast(ops.cast(value, "float32"), like.dtype)

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        slots = {name: variables[index] for name, variables in self._slots.items()}
        gradient, touched = _dense_gradient(gradient, variable)
        old = {name: ops.convert_to_tensor(slot) for name, slot in slots.items()}
        w = ops.convert_to_tensor(variable)
        eta = self.hyperparameter(learning_rate, w)
        new_w, new = self.step(w, old, ops.cast(gradient, w.dtype), eta)
        for name, slot in slots.items():
            self.assign(slot, self._select_rows(touched, new[name], old[name]))
        self.assign(variable, self._select_rows(touched, new_w, w))

    def _select_rows(self, touched: Any, new: Any, old: Any) -> Any:
        """Returns `new` in the rows that the gradient holds, and `old` in the other rows.

        Args:
            touched: bool (rows, 1, ...), or None for all rows.
            new, old: tensors (rows, ...).
        """
        return new if touched is None else ops.where(touched, new, old)


def _dense_gradient(gradient: Any, variable: keras.Variable) -> tuple[Any, Any]:
    """Makes a gradient dense, and says which rows it holds.

    Returns:
        The dense gradient, and bool (rows, 1, ...), or None if the gradient holds all rows.
    """
    if not hasattr(gradient, "dense_shape"):  # not `indices`: every tensor of PyTorch has these
        return gradient, None
    rows = variable.shape[0]
    total = ops.segment_sum(gradient.values, gradient.indices, num_segments=rows)
    count = ops.segment_sum(ops.ones_like(gradient.indices), gradient.indices, num_segments=rows)
    return total, ops.reshape(count > 0, (rows,) + (1,) * (len(variable.shape) - 1))
