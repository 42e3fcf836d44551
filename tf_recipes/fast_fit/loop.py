"""Runs many steps of a Keras model as one compiled loop."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tf_recipes.fast_fit import batches, masks_ahead
from tf_recipes.fast_fit.masks_ahead import MasksAhead

PATIENCE = 0.5  # seconds that one call should take at most: Ctrl-C has no effect before its end


class Loop:
    """Runs a Keras model's steps on batches that are gathered inside one compiled function.

    Args:
        model: a compiled `keras.Model`.
        step: the model's `train_step` or `test_step`, which returns the metrics' results.
        jit_compile: bool, whether to compile with XLA.
        draws: bool, whether the step draws dropout masks. With XLA they are drawn before the loop.
    """

    def __init__(
        self,
        model: keras.Model,
        step: Callable[[Any], Any],
        jit_compile: bool,
        draws: bool = False,
    ) -> None:
        self._model = model
        self._step = step
        self._draws = draws and bool(masks_ahead.layers(model))
        self._ahead: dict[int, MasksAhead] = {}  # by batch size
        self._run = self._compiled(jit_compile)
        # A smaller last batch is one step of an epoch, which is not worth a second compilation.
        self._run_last = self._compiled(False) if jit_compile else self._run
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
        """
        full = len(order) // batch_size
        while start < min(stop, full):
            steps = min(self._steps_of_one_call(holder, batch_size), min(stop, full) - start)
            logs = self._timed(holder, order, batch_size, start, steps)
            start += steps
        if start < stop:
            remaining = len(order) - full * batch_size
            logs = self._call(self._run_last, holder, order, full * batch_size, 1, remaining)
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
        logs = self._call(self._run, holder, order, start * batch_size, steps, batch_size)
        # The first call includes the compilation, so its time says nothing about a step.
        first_call = self._seconds is None
        self._seconds = 0.0 if first_call else (time.perf_counter() - began) / steps
        return logs

    def _call(
        self,
        run: Callable[..., Any],
        holder: batches.Resident | batches.Streamed,
        order: tf.Tensor,
        first: int,
        steps: int,
        batch_size: int,
    ) -> dict[str, tf.Tensor]:
        data, rows, first = holder.chunk(order, first, first + steps * batch_size)
        return run(data, rows, tf.constant(first), tf.constant(steps), batch_size)

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
