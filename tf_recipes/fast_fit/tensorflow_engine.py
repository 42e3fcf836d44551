"""Runs the loop of `FastFitModel` on TensorFlow."""

import copy
import math
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tf_recipes._support import wrapped_optimizers
from tf_recipes.fast_fit import arrays as data_arrays
from tf_recipes.fast_fit import batches, masks_ahead, operations, order, python_draws
from tf_recipes.fast_fit.engine import Engine
from tf_recipes.fast_fit.fit_arguments import FitArguments
from tf_recipes.fast_fit.loop import Loop


class BackendEngine(Engine):
    """Lends Keras' `fit` two functions that call compiled loops, and row numbers as its data."""

    def __init__(self, model: Any, jit_compile: bool | str) -> None:
        super().__init__(model, jit_compile)
        self._loops: dict[str, Loop] = {}
        self._copies = batches.copies()
        self._step_operations: dict[str, operations.Operations | None] = {}

    def supports(self, arguments: FitArguments) -> bool:
        return (
            not tf.distribute.has_strategy()
            and isinstance(self._model.distribute_strategy, type(tf.distribute.get_strategy()))
            and self._operations_allow_it(arguments)
        )

    def keras_arguments(self, arguments: FitArguments) -> dict[str, Any]:
        # Keras gets only the number of batches; the loop has the data.
        return {
            "x": _numbers(arguments.steps),
            "validation_data": arguments.validation and _numbers(arguments.validation_steps),
            "shuffle": False,
            **arguments.passed_on,
        }

    def most_steps(self, arguments: FitArguments) -> int:
        return data_arrays.LONGEST

    def feeds(self, arguments: FitArguments, steps: int) -> tuple[Any, Any]:
        budget = self._model.memory_budget
        self._copies.begin()
        held = batches.holder(arguments.arrays, arguments.batch_size, budget, self._copies)
        orders = order.epochs(data_arrays.count(arguments.arrays), arguments.shuffle)
        feed = Feed(self._model.loop("train"), held, orders, arguments.batch_size, steps)
        test_feed = None
        if arguments.validation is not None:
            size, left = arguments.validation_batch_size, max(0, budget - held.bytes)
            held = batches.holder(arguments.validation, size, left, self._copies)
            orders = order.epochs(data_arrays.count(arguments.validation), False)
            test_feed = Feed(self._model.loop("test"), held, orders, size, steps)
        self._copies.end()
        return feed, test_feed

    def loop(self, kind: str) -> Loop:
        if kind not in self._loops:
            step = self._model.train_step if kind == "train" else self._model.test_step
            jit_compile = self._jit_compile_for(kind)
            self._loops[kind] = Loop(self._model, step, jit_compile, draws=kind == "train")
        return self._loops[kind]

    def forget(self, kind: str) -> None:
        self._loops.pop(kind, None)

    def _operations_allow_it(self, arguments: FitArguments) -> bool:
        """Returns whether the steps have the results of Keras in the loop, as far as a trace tells.

        Tracing runs nothing, so that no layer's state changes. It also creates the variables of the
        metrics: in the loop, their creation would trace the step twice.
        """
        data = {"train": (arguments.arrays, arguments.batch_size)}
        if arguments.validation is not None:
            data["test"] = (arguments.validation, arguments.validation_batch_size)
        for kind, (arrays, batch_size) in data.items():
            if kind not in self._step_operations:
                specs = batches.specs(arrays, min(batch_size, data_arrays.count(arrays)))
                self._step_operations[kind] = self._operations_of(kind, specs)
        found = [self._step_operations[kind] for kind in data]
        return all(each is not None and not each.placed_draws for each in found)

    def _operations_of(self, kind: str, specs: Any) -> operations.Operations | None:
        """Returns the operations of a step, or None if only Keras' own loop has Keras' results.

        So it is if the step cannot be traced, or draws random numbers of Python or NumPy while it
        is traced: these numbers depend on how often it is traced.

        Args:
            kind: "train" or "test".
            specs: a structure of `tf.TensorSpec`, the batch.
        """
        step = self._model.test_step if kind == "test" else self._forward
        before, count = python_draws.states(), self._count_variables()
        try:
            if self._model.optimizer is not None and not self._model.optimizer.built:
                self._model.optimizer.build(self._model.trainable_variables)
            if kind == "train" and self._has_own_code():
                step = self._model.train_step
            # The loop draws these masks before XLA runs.
            with masks_ahead.drawing_nothing(self._model):
                found = operations.traced(step, specs)
        except Exception:
            found = None  # Keras' own `fit` then raises an error, or can do what the trace cannot
        if before == python_draws.states():
            return found
        # Keras traces a second time if the first time creates variables: that time was here.
        if self._count_variables() == count:
            python_draws.restore(before)
        return None

    def _count_variables(self) -> int:
        """Returns the number of variables of the model, its metrics and its optimizer."""
        optimizer = [] if self._model.optimizer is None else self._model.optimizer.variables
        return len(self._model.variables) + len(self._model.metrics_variables) + len(optimizer)

    def _forward(self, data: tuple[Any, Any, Any]) -> Any:
        """Does what comes before the gradients in a `train_step`, and what follows the update.

        To trace this takes about half of the time of the whole step.
        """
        x, y, sample_weight = data
        y_pred = self._model(x, training=True)
        self._model.compute_loss(x, y, y_pred, sample_weight, training=True)
        return self._model.compute_metrics(x, y, y_pred, sample_weight)

    def _has_own_code(self) -> bool:
        """Returns whether `_forward` may lack operations of the step that are not Keras' own."""
        optimizers = wrapped_optimizers.all_of(self._model.optimizer)
        constraints = [
            getattr(each, "constraint", None) for each in self._model.trainable_variables
        ]
        code = {type(each).__module__.partition(".")[0] for each in (*optimizers, *constraints)}
        own_loss = type(self._model).compute_loss is not keras.Model.compute_loss
        return own_loss or not code <= {"builtins", "keras", "tf_recipes"}

    def _jit_compile_for(self, kind: str) -> bool | str:
        """Returns `jit_compile` for a `Loop`: "auto" where only its trace can tell."""
        if self._jit_compile != "auto":
            # Keras sets `jit_compile` to False where a layer says that XLA cannot compile it.
            return bool(self._jit_compile and self._model.jit_compile)
        found = self._step_operations.get(kind)
        if found is not None and found.unproven:
            return False
        return "auto" if self._supports_xla() else False

    def _supports_xla(self) -> bool:
        """Returns whether Keras would accept `jit_compile=True` for this model."""
        before = self._model.jit_compile
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns where it does not accept it
            self._model.jit_compile = True
        accepted, self._model.jit_compile = self._model.jit_compile, before
        return bool(accepted)


def _numbers(count: int) -> tf.data.Dataset:
    return order.untuned(tf.data.Dataset.range(count))


class Feed:
    """Replaces Keras' `train_function`: each call runs the next steps of the epoch.

    Args:
        loop: a `Loop`.
        holder: the data, see `batches.holder`.
        orders: iterator that yields an order of the rows for each epoch.
        batch_size: int.
        steps: int, the most steps of one call.
    """

    def __init__(
        self,
        loop: Loop,
        holder: batches.Resident | batches.Streamed,
        orders: Iterator[tf.Tensor],
        batch_size: int,
        steps: int,
    ) -> None:
        self._loop, self._holder, self._orders = loop, holder, orders
        self._batch_size, self._steps = batch_size, steps
        self._iterator = None

    def on(self, loop: Loop) -> "Feed":
        """Returns a copy at the same place of the same data, which runs another loop."""
        other = copy.copy(self)
        other._loop = loop
        return other

    def __call__(self, iterator: Any) -> dict[str, tf.Tensor]:
        """Runs the next steps of the epoch, and returns `{metric: scalar tensor}`.

        Args:
            iterator: Keras creates a new one for each epoch; nothing is read from it.
        """
        if iterator is not self._iterator:
            self._iterator, self._start = iterator, 0
            self._order = next(self._orders)
        start = self._start
        self._start = min(start + self._steps, math.ceil(len(self._order) / self._batch_size))
        return self._loop(self._holder, self._order, self._batch_size, start, self._start)
