"""What this package's optimizers share."""

import keras
import numpy as np
from keras import ops


class TF1Optimizer(keras.optimizers.Optimizer):
    """What the optimizers here share: slots, float32 hyperparameters, sparse gradients."""

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        # NumPy's double, because Keras would round Python's to float32 on its way to float64.
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

    def initial_slots(self):
        """`{name: initial value}` of the variables kept for each model variable."""
        raise NotImplementedError

    def step(self, w, slots, g, eta):
        """The new `w` and the new `slots`, a dict by name."""
        raise NotImplementedError

    def hyperparameter(self, value, like):
        """`value` as TF1 hands it to the kernel: a float32 tensor, cast to the dtype of `like`."""
        if isinstance(value, float | int):
            value = np.float32(value)
        return ops.cast(ops.cast(value, "float32"), like.dtype)

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        slots = {name: variables[index] for name, variables in self._slots.items()}
        gradient, touched = _dense(gradient, variable)
        old = {name: ops.convert_to_tensor(slot) for name, slot in slots.items()}
        w = ops.convert_to_tensor(variable)
        eta = self.hyperparameter(learning_rate, w)
        new_w, new = self.step(w, old, ops.cast(gradient, w.dtype), eta)
        for name, slot in slots.items():
            self.assign(slot, self._rows(touched, new[name], old[name]))
        self.assign(variable, self._rows(touched, new_w, w))

    def _rows(self, touched, new, old):
        """`new` in the rows a sparse gradient holds, `old` elsewhere; dense: `new`."""
        return new if touched is None else ops.where(touched, new, old)


def _dense(gradient, variable):
    """A dense gradient, and which rows it holds: bool (rows, 1, ...), or None for all."""
    if not hasattr(gradient, "dense_shape"):  # PyTorch's tensors have `indices` all of them
        return gradient, None
    rows = variable.shape[0]
    total = ops.segment_sum(gradient.values, gradient.indices, num_segments=rows)
    count = ops.segment_sum(ops.ones_like(gradient.indices), gradient.indices, num_segments=rows)
    return total, ops.reshape(count > 0, (rows,) + (1,) * (len(variable.shape) - 1))
