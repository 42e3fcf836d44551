"""Defines the base class of this package's optimizers."""

import contextlib
import functools
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tf_recipes._support import doubles
from tf_recipes.blocks import _sparse_gradients as sparse


class TF1Optimizer(keras.optimizers.Optimizer):
    """Provides what TF1's optimizers share: slots, float32 hyperparameters, sparse gradients.

    A subclass defines `initial_slots` and `step`.

    Keras' own code makes a sparse gradient dense when it clips by the global norm, divides by a
    loss scale, or accumulates. Accumulation also counts each part of a batch as a step, in
    schedules and in the average of the weights. So this class does these things itself.
    """

    # Whether a row that a sparse gradient lacks stays as it is, as under most of TF1's kernels.
    leaves_absent_rows = True

    # While a step is taken with the mean of accumulated gradients: `{index of a variable: bool
    # (rows, 1, ...)}`, the rows that a sparse one holds. The mean itself is dense: a sparse one
    # would have an unknown number of rows; see `_sparse_gradients.summed`.
    _rows_of_the_mean: Mapping[int, Any] = types.MappingProxyType({})
    # While a part of a batch is added up: `{id of a variable: its constraint}`.
    _held_constraints: Mapping[int, Any] = types.MappingProxyType({})

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
        if self.gradient_accumulation_steps:
            # How many gradients of the parts of a batch held each row, and the sum of the squares
            # of their values. The sum of the gradients tells neither.
            self._held_rows = [
                self.add_variable(variable.shape[:1], name=f"held_rows_{index}", dtype="float32")
                for index, variable in enumerate(variables)
            ]
            self._squares = [
                self.add_variable((), name=f"squares_{index}", dtype=variable.dtype)
                for index, variable in enumerate(variables)
            ]

    def initial_slots(self) -> dict[str, float]:
        """Returns `{name: initial value}` of the slot variables of each model variable."""
        raise NotImplementedError

    def step(
        self, w: Any, slots: Mapping[str, Any], g: Any, eta: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Computes one step for one variable, or for some rows of it.

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

    def decayed(self, w: Any, variable: keras.Variable) -> Any:
        """Returns the value `w` of a variable, or of some of its rows, after the weight decay."""
        return w

    @property
    def learning_rate(self) -> Any:
        """Returns the learning rate; a schedule reads the number of whole steps taken."""
        schedule = self._learning_rate
        if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            return schedule(self.iterations)
        return super().learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        keras.optimizers.Optimizer.learning_rate.fset(self, value)

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[keras.Variable] | None = None
    ) -> None:
        if self.loss_scale_factor is not None:
            grads = [sparse.Divisible(g) if sparse.is_sparse(g) else g for g in grads]
        if not self.gradient_accumulation_steps:
            super().apply(grads, trainable_variables)
            return
        if trainable_variables is not None:
            trainable_variables = list(trainable_variables)
        with self._holding_constraints(trainable_variables or self._trainable_variables):
            super().apply(grads, trainable_variables)

    @contextlib.contextmanager
    def _holding_constraints(self, variables: Sequence[keras.Variable]) -> Iterator[None]:
        """Holds constraints back while Keras adds up a part of a batch.

        Keras applies them after each part; the other parts' gradients would be those of a
        constrained variable then. TF1 constrained a variable after the step of the whole batch.
        """
        constrained = [each for each in variables if each.constraint is not None]
        self._held_constraints = {id(each): each.constraint for each in constrained}
        for each in constrained:
            each.constraint = None
        try:
            yield
        finally:
            for each in constrained:
                each.constraint = self._held_constraints[id(each)]
            del self._held_constraints

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        slots = {name: variables[index] for name, variables in self._slots.items()}
        eta = self.hyperparameter(learning_rate, variable)
        if sparse.is_sparse(gradient):
            self._update_rows(gradient, variable, slots, eta)
            return
        w = ops.convert_to_tensor(variable)
        gradient = ops.cast(gradient, w.dtype)
        old = {name: ops.convert_to_tensor(slot) for name, slot in slots.items()}
        touched = self._rows_of_the_mean.get(index, sparse.touched_rows(gradient, variable))
        decayed = sparse.select(touched, self.decayed(w, variable), w)
        new_w, new = self.step(decayed, old, gradient, eta)
        if not self.leaves_absent_rows:
            touched = None
        for name, slot in slots.items():
            self.assign(slot, sparse.select(touched, new[name], old[name]))
        self.assign(variable, sparse.select(touched, new_w, w))

    def _update_rows(
        self, gradient: Any, variable: Any, slots: Mapping[str, keras.Variable], eta: Any
    ) -> None:
        """Takes one step for the rows of a sparse gradient, and reads and writes no other row."""
        gradient = sparse.summed(gradient, variable.dtype)
        w = self.decayed(sparse.read(variable, gradient), variable)
        old = {name: sparse.read(slot, gradient) for name, slot in slots.items()}
        new_w, new = self.step(w, old, gradient.values, eta)
        for name, slot in slots.items():
            self.assign(slot, sparse.with_values(gradient, new[name]))
        self.assign(variable, sparse.with_values(gradient, new_w))

    def _clip_gradients(self, grads: list[Any], squares: list[Any] | None = None) -> list[Any]:
        """Clips gradients as TF1 did; a sparse gradient stays sparse.

        TF1 took the norm of a sparse gradient from its values, before it summed those of one row.

        Args:
            grads: tensors and sparse gradients.
            squares: the sums of the squares of the gradients' values; None computes them.
        """
        clip = self.clipnorm or self.global_clipnorm
        if clip is None or clip <= 0:
            return super()._clip_gradients(grads)
        if squares is None:
            squares = [ops.sum(ops.square(sparse.values(g))) for g in grads]
        if self.clipnorm:
            return [
                sparse.mapped(functools.partial(_clipped_by_norm, clip, square), g)
                for g, square in zip(grads, squares, strict=True)
            ]
        norm = ops.sqrt(ops.sum(ops.stack(squares)))
        # g <- g c min(1 / norm, 1 / c); NaN if the norm is not finite
        scale = clip * doubles.minimum(1 / norm, 1 / clip) + (norm - norm)
        return [
            sparse.mapped(lambda values: values * ops.cast(scale, values.dtype), g) for g in grads
        ]

    def _backend_apply_gradients(self, grads: list[Any], trainable_variables: list[Any]) -> None:
        if not self.gradient_accumulation_steps:
            super()._backend_apply_gradients(grads, trainable_variables)
            return
        steps = self.gradient_accumulation_steps
        is_last = (self._iterations + 1) % steps == 0
        self._add_up(grads, trainable_variables)
        if keras.backend.backend() == "jax":  # has no assignments under a condition
            state = [*self._trainable_variables, *self.variables]
            before = [each.value for each in state]
            self._step_of_the_mean(grads, trainable_variables)
            for each, old in zip(state, before, strict=True):
                each.assign(ops.where(is_last, each.value, old))
        else:
            ops.cond(
                is_last,
                lambda: self._step_of_the_mean(grads, trainable_variables),
                lambda: None,
            )

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        """Sums gradients over replicas; leaves them as they are where there is one replica.

        Keras on TensorFlow joins the gradients of one replica, too, in an `IdentityN`, and so lets
        each update wait for all of them. TensorFlow then drops the rule that the forward pass
        reads a variable before its update, as one that this makes needless, and afterwards takes
        the `IdentityN` apart. Where the gradient of a variable does not depend on its value, as in
        a loss that is linear in it, a step may then compute with the updated value.
        """
        import tensorflow as tf  # Keras calls this method on TensorFlow alone

        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            return super()._all_reduce_sum_gradients(grads_and_vars)
        return list(grads_and_vars)

    def _sums(self, variables: list[Any]) -> list[list[keras.Variable]]:
        """Returns the sums, the held rows and the squares that belong to some variables."""
        indices = [self._get_variable_index(variable) for variable in variables]
        return [
            [each[index] for index in indices]
            for each in (self._accumulated_gradients, self._held_rows, self._squares)
        ]

    def _add_up(self, grads: list[Any], variables: list[Any]) -> None:
        """Adds the gradients of one part of a batch to those of the parts before it."""
        sums, held, squares = self._sums(variables)
        if self.clipvalue:
            # TF1 clipped each value of the whole batch's sparse gradient, 1/steps of a value here.
            most = self.clipvalue * self.gradient_accumulation_steps
            grads = [ops.clip(g, -most, most) if sparse.is_sparse(g) else g for g in grads]
        added = [
            *grads,
            *(sparse.held_rows(g, rows) for g, rows in zip(grads, held, strict=True)),
            # Above 0 for sparse gradients alone: so a part without a gradient can tell them.
            *(
                ops.sum(ops.square(g.values))
                if sparse.is_sparse(g)
                else ops.zeros((), square.dtype)
                for g, square in zip(grads, squares, strict=True)
            ),
        ]
        self._backend_increment_gradient_accumulators(added, [*sums, *held, *squares])

    def _step_of_the_mean(self, grads: list[Any], variables: list[Any]) -> None:
        """Takes the step of a whole batch, and forgets the gradients of its parts.

        A variable without a gradient in the last part may have one from an earlier part. Only the
        variables that hold how many gradients there were can tell, so such a variable takes the
        step, too, and gets its old values back if no part had a gradient for it.

        Args:
            grads: the gradients of the last part, which say what is sparse.
            variables: their variables.
        """
        steps = self.gradient_accumulation_steps
        given = {self._get_variable_index(variable) for variable in variables}
        missing = [v for index, v in enumerate(self._trainable_variables) if index not in given]
        variables = [*variables, *missing]
        sums, held, squares = self._sums(variables)
        means = [total / steps for total in sums]
        # A bool for the variables of the last part, a tensor for the missing ones.
        were_sparse = [
            *(sparse.is_sparse(g) for g in grads),
            *(square > 0 for square in squares[len(grads) :]),
        ]
        if self.clipvalue:  # each part of a sparse gradient has been clipped by itself
            clipped = self._clip_gradients(means)
            means = [
                _choose(was, mean, new)
                for mean, new, was in zip(means, clipped, were_sparse, strict=True)
            ]
        else:
            norms = [
                _choose(was, square / steps**2, ops.sum(ops.square(mean)))
                for mean, square, was in zip(means, squares, were_sparse, strict=True)
            ]
            means = self._clip_gradients(means, norms)
        # For a dense gradient of a missing variable these are all rows.
        self._rows_of_the_mean = {
            self._get_variable_index(variable): sparse.as_column(rows > 0, variable)
            for variable, rows, was in zip(variables, held, were_sparse, strict=True)
            if was is not False and len(variable.shape)
        }
        had_gradients = [ops.any(rows > 0) for rows in held[len(grads) :]]
        try:
            self._take_step(means, variables, list(zip(missing, had_gradients, strict=True)))
        finally:
            del self._rows_of_the_mean
        for each in (*self._accumulated_gradients, *self._held_rows, *self._squares):
            each.assign(ops.zeros(each.shape, dtype=each.dtype))

    def _take_step(
        self, grads: list[Any], variables: list[Any], uncertain: Sequence[tuple[Any, Any]] = ()
    ) -> None:
        """Takes a step with clipped gradients, then updates the average of the weights.

        Args:
            grads: the gradients.
            variables: their variables.
            uncertain: `(variable, bool tensor)` of the variables that may have no gradient; where
                the tensor is False, the variable and its slots keep their values.
        """
        kept = []
        for variable, has_gradient in uncertain:
            index = self._get_variable_index(variable)
            for each in (variable, *(slot[index] for slot in self._slots.values())):
                # A copy: an assignment changes what `convert_to_tensor` returns.
                kept.append((each, ops.copy(each), has_gradient))
        self._apply_weight_decay(variables)
        self._backend_update_step(grads, variables, self.learning_rate)
        for each, old, has_gradient in kept:
            self.assign(each, ops.where(has_gradient, ops.convert_to_tensor(each), old))
        if self.use_ema:
            self._move_averages()
        had_gradient = {id(variable): has_gradient for variable, has_gradient in uncertain}
        for variable in variables:
            constraint = self._held_constraints.get(id(variable), variable.constraint)
            if constraint is not None:
                new = constraint(variable)
                has_gradient = had_gradient.get(id(variable), True)
                self.assign(variable, _choose(has_gradient, new, ops.convert_to_tensor(variable)))

    def _move_averages(self) -> None:
        """Moves the averages of the weights, and makes them the weights where that is due."""
        weights, averages = self._trainable_variables, self._model_variables_moving_average
        self._update_model_variables_moving_average(weights)
        if self.ema_overwrite_frequency:
            due = (self.iterations + 1) % self.ema_overwrite_frequency == 0
            for weight, average in zip(weights, averages, strict=True):
                old, new = map(ops.convert_to_tensor, (weight, average))
                self.assign(weight, ops.where(due, new, old))


def _choose(condition: Any, first: Any, second: Any) -> Any:
    """Returns `first` or `second` by a condition that is a bool or a tensor."""
    if isinstance(condition, bool):
        return first if condition else second
    return ops.where(condition, first, second)


def _clipped_by_norm(clip: float, square: Any, values: Any) -> Any:
    """Scales the values of a gradient down to the norm `clip`; `square` is their norm's square."""
    # g <- g c / max(|g|, c)
    return values * clip / doubles.maximum(ops.sqrt(square), clip)
