"""Many steps on resident data as one compiled loop."""

import contextlib
import time

import tensorflow as tf

from tf_recipes.fast_fit import batches, masks_ahead
from tf_recipes.fast_fit.masks_ahead import MasksAhead

PATIENCE = 0.5  # seconds that one call should take at most: until it ends, Ctrl-C is not heard


class Loop:
    """Runs a Keras model's steps on batches that are gathered inside one compiled function.

    Args:
        model: a compiled `keras.Model`.
        step: its `train_step` or `test_step`, which returns the metrics' results.
        jit_compile: compile with XLA.
        draws: whether the step draws dropout's masks; under XLA they are drawn ahead.
    """

    def __init__(self, model, step, jit_compile, draws=False):
        self._model = model
        self._step = step
        self._draws = draws and bool(masks_ahead.layers(model))
        self._ahead = {}  # batch size -> MasksAhead
        self._run = self._compiled(jit_compile)
        # A last batch of another size is one step an epoch: not worth XLA's second.
        self._run_last = self._compiled(False) if jit_compile else self._run
        self._seconds = None  # that one step takes

    def __call__(self, holder, order, batch_size, start, stop):
        """Runs the steps `start` to `stop - 1` of an epoch.

        Args:
            holder: the data, see `batches.holder`.
            order: int64 tensor, the rows in the epoch's order.
            batch_size: int, rows of one step; the last step has what is left.
            start: int.
            stop: int, above `start`.

        Returns:
            `{metric: scalar tensor}` as of the last step.
        """
        full = len(order) // batch_size
        while start < min(stop, full):
            steps = min(self._steps_of_one_call(holder, batch_size), min(stop, full) - start)
            logs = self._timed(holder, order, batch_size, start, steps)
            start += steps
        if start < stop:
            rest = len(order) - full * batch_size
            logs = self._call(self._run_last, holder, order, full * batch_size, 1, rest)
        return logs

    def _timed(self, holder, order, batch_size, start, steps):
        began = time.perf_counter()
        logs = self._call(self._run, holder, order, start * batch_size, steps, batch_size)
        compiled = self._seconds is None
        self._seconds = 0.0 if compiled else (time.perf_counter() - began) / steps
        return logs

    def _call(self, run, holder, order, first, steps, batch_size):
        data, rows, first = holder.chunk(order, first, first + steps * batch_size)
        return run(data, rows, tf.constant(first), tf.constant(steps), batch_size)

    def _steps_of_one_call(self, holder, batch_size):
        if self._seconds is None:
            return 1
        drawn = self._ahead[batch_size].steps if batch_size in self._ahead else holder.steps
        return max(1, min(holder.steps, drawn, int(PATIENCE / max(self._seconds, 1e-9))))

    def _compiled(self, jit_compile):
        # another number of rows is another shape, for which XLA compiles, but nothing is traced
        @tf.function(jit_compile=jit_compile, autograph=False, reduce_retracing=True)
        def run(data, rows, first, steps, batch_size, masks=None):
            def body(step):
                # a gather, because XLA would compile a slice anew for every `first`
                wanted = tf.gather(rows, first + step * batch_size + tf.range(batch_size))
                batch = batches.gather(data, wanted)
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

    def _masks(self, masks, step, batch_size):
        if masks is None:
            return contextlib.nullcontext()
        return self._ahead[batch_size].taken_from(masks, step)
