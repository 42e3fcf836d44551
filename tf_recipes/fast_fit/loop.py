"""Runs many steps of a Keras model as one compiled loop."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tf_recipes.fast_fit import batches, masks_ahead, operations
from tf_recipes.fast_fit.arrays import PATIENCE
from tf_recipes.fast_fit.masks_ahead import MasksAhead


class Loop:
    """Runs a Keras model's steps on batches that are gathered inside one compiled function.

    Args:
        model: a compiled `keras.Model`.
        step: the model's `train_step` or `test_step`, which returns the metrics' results.
        jit_compile: True to compile with XLA; False for TensorFlow's kernels alone; "auto" to
            compile with XLA where `operations` finds only operations with the same results.
        draws: bool, whether the step draws dropout masks. With XLA they are drawn before the loop.

    Attributes:
        uses_xla: bool, whether the last call ran steps that XLA compiled.
    """

    uses_xla = False

    def __init__(
        self,
        model: keras.Model,
        step: Callable[[Any], Any],
        jit_compile: bool | str,
        draws: bool = False,
    ) -> None:
        self._model = model
        self._step = step
        self._draws = draws and bool(masks_ahead.layers(model))
        self._ahead: dict[int, MasksAhead] = {}  # by batch size
        self._is_choosing = jit_compile == "auto"
        self._run = self._compiled(False)
        self._run_xla: Any = self._compiled(True) if jit_compile else None
        self._has_run: set[int] = set()  # batch sizes
        self._operations: operations.Operations | None = None  # of `_run_xla`
        self._seconds: float | None = None  # for one step

    def __call__(
        self,
        holder: batches.Resident | batches.Streamed,
        order: tf.Tensor,
        batch_size: int,
        start: int,
        stop: int,
    ) -> dict[str, tf.Tensor]:
        """Runs the steps `start` to `stop - 1` of an epoch.

        Args:
            holder: the data, see `batches.holder`.
            order: int64 tensor, the rows in the epoch's order.
            batch_size: int, rows of one step. The last step of the epoch takes the remaining rows.
            start: int.
            stop: int, above `start`.

        Returns:
            `{metric: scalar tensor}` after the last step.

        Raises:
            ValueError: if XLA cannot compile the step, and `jit_compile` is True.
        """
        full = len(order) // batch_size
        while start < min(stop, full):
            steps = min(self._steps_of_one_call(holder, batch_size), min(stop, full) - start)
            logs = self._timed(holder, order, batch_size, start, steps)
            start += steps
        if start < stop:
            remaining = len(order) - full * batch_size
            # One step of an epoch is not worth a second compilation by XLA.
            logs = self._run(*self._arguments(holder, order, full * batch_size, 1, remaining))
        return logs

    def _timed(
        self,
        holder: batches.Resident | batches.Streamed,
        order: tf.Tensor,
        batch_size: int,
        start: int,
        steps: int,
    ) -> dict[str, tf.Tensor]:
        began = time.perf_counter()
        arguments = self._arguments(holder, order, start * batch_size, steps, batch_size)
        logs = self._call(holder, *arguments)
        # The first call includes the compilation, so its time says nothing about a step.
        first_call = self._seconds is None
        self._seconds = 0.0 if first_call else (time.perf_counter() - began) / steps
        return logs

    def _arguments(
        self,
        holder: batches.Resident | batches.Streamed,
        order: tf.Tensor,
        first: int,
        steps: int,
        batch_size: int,
    ) -> tuple[Any, tf.Tensor, tf.Tensor, tf.Tensor, int]:
        data, rows, first = holder.chunk(order, first, first + steps * batch_size)
        return data, rows, tf.constant(first), tf.constant(steps), batch_size

    def _call(self, holder: batches.Resident | batches.Streamed, *arguments: Any) -> Any:
        """Runs the steps with XLA, or without where XLA would have other results."""
        self.uses_xla = self._may_use_xla(holder, arguments)
        if not self.uses_xla:
            return self._run(*arguments)
        if arguments[-1] in self._has_run:
            return self._run_xla(*arguments)
        states = masks_ahead.states(self._model) if self._draws else []
        before = [tf.identity(state.value) for state in states]
        try:
            logs = self._run_xla(*arguments)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
            # XLA compiles before it runs anything, so only the masks have been drawn.
            for state, value in zip(states, before, strict=True):
                state.assign(value)
            self._give_way(error)
            return self._run(*arguments)
        self._has_run.add(arguments[-1])
        return logs

    def _may_use_xla(
        self, holder: batches.Resident | batches.Streamed, arguments: tuple[Any, ...]
    ) -> bool:
        """Returns whether XLA has the results of TensorFlow's kernels for the step and the data."""
        if self._run_xla is None:
            return False
        if self._operations is None:
            traced = self._run_xla.get_concrete_function(*arguments)
            self._operations = operations.of(traced.graph)
            if self._is_choosing and self._operations.unproven:
                self._run_xla = None
                return False
        # For a label that is no class, TensorFlow's kernel raises an error, and XLA trains on NaN.
        return all(holder.are_classes(*labels) for labels in self._operations.labels)

    def _give_way(self, error: Exception) -> None:
        """Ends the use of XLA, which could not compile the step.

        Raises:
            ValueError: if XLA was asked for.
        """
        if not self._is_choosing:
            named = ", ".join(self._operations.unproven) if self._operations else ""
            raise ValueError(
                f"With jit_compile=True XLA must be able to compile every operation of a step. "
                f"Received: jit_compile=True and a model, loss or metric with operations that XLA "
                f"may not support ({named}); XLA says: {str(error).splitlines()[0]}. "
                "Pass jit_compile='auto' or jit_compile=False to `compile`; to find the line of "
                "the operation, pass run_eagerly=True."
            ) from error
        self._run_xla, self.uses_xla = None, False

    def _steps_of_one_call(
        self, holder: batches.Resident | batches.Streamed, batch_size: int
    ) -> int:
        if self._seconds is None:
            return 1
        drawn = self._ahead[batch_size].steps if batch_size in self._ahead else holder.steps
        return max(1, min(holder.steps, drawn, int(PATIENCE / max(self._seconds, 1e-9))))

    def _compiled(self, jit_compile: bool) -> Callable[..., Any]:
        """Returns the compiled function that runs several steps.

        For another number of rows, XLA compiles again, because the shape differs; the Python code
        is not traced again.
        """

        @tf.function(jit_compile=jit_compile, autograph=False, reduce_retracing=True)
        def run(data, rows, first, steps, batch_size, masks=None):
            def body(step):
                # With a slice in place of this gather, XLA would compile again for every `first`.
                with operations.ours():
                    batch_rows = tf.gather(rows, first + step * batch_size + tf.range(batch_size))
                batch = batches.gather(data, batch_rows)
                with self._masks(masks, step, batch_size):
                    self._step(batch)
                return (step + 1,)

            tf.while_loop(lambda step: step < steps, body, (0,), parallel_iterations=1)
            return self._model.get_metrics_result()

        @tf.function(autograph=False, reduce_retracing=True)
        def draw_and_run(data, rows, first, steps, batch_size):
            ahead = self._ahead[batch_size] = MasksAhead(
                self._model, batches.gather(data, tf.range(batch_size))[0], batches.LONGEST
            )
            return run(data, rows, first, steps, batch_size, ahead.draw(steps))

        return draw_and_run if jit_compile and self._draws else run

    def _masks(
        self, masks: list[tf.Tensor] | None, step: tf.Tensor, batch_size: int
    ) -> contextlib.AbstractContextManager[None]:
        if masks is None:
            return contextlib.nullcontext()
        return self._ahead[batch_size].taken_from(masks, step)
