"""The loop over epochs, in chunks of compiled steps between which everything can be saved."""

import math
import time

import numpy as np
import tensorflow as tf

from tf_recipes.distribution.single_process import Alone
from tf_recipes.fast_fit import batches
from tf_recipes.fast_fit.batches import LONGEST
from tf_recipes.fast_fit.loop import PATIENCE
from tf_recipes.training import guard, variable_state
from tf_recipes.training.signals import Interrupted

EVALUATION_BATCH = 1000
SHARED = 40  # steps of one chunk of several replicas, whose workers must all make the same calls


class Feed:
    """Images and labels, and the compiled loop that runs over them.

    Args:
        model: a `FastFitModel`.
        kind: `"train"` or `"test"`.
        x, y: arrays with the same number of rows.
        batch_size: int.
        job: a `distribution.job.Job`, or `Alone`.
    """

    def __init__(self, model, kind, x, y, batch_size, job=None):
        self.x, self.y, self.batch_size = x, y, batch_size
        self.steps = math.ceil(len(y) / batch_size)
        self._loop = (job or Alone()).loop(model, kind)
        self._holder = batches.holder((x, y, None), batch_size, model.memory_budget)

    def __call__(self, order, start, stop):
        """Runs the steps `start` to `stop - 1`; the metrics so far as floats."""
        logs = self._loop(self._holder, order, self.batch_size, start, stop)
        return {key: float(value) for key, value in logs.items()}

    def batch(self, order, step):
        """The rows of one step: images and labels."""
        rows = order[step * self.batch_size : (step + 1) * self.batch_size].numpy()
        return self.x[rows], self.y[rows]


class Pace:
    """How many steps make a chunk: one until compiled, then what `PATIENCE` allows.

    Args:
        steps: int, always that many; None for what is said above.
    """

    def __init__(self, steps=None):
        self._fixed = steps
        self.steps, self._compiled = steps or 1, False

    def ran(self, steps, seconds):
        """Takes note that a chunk took that long."""
        if self._compiled and not self._fixed:
            self.steps = max(1, min(LONGEST, int(PATIENCE * steps / max(seconds, 1e-9))))
        self._compiled = True


def order(seed, epoch, count):
    """The rows of an epoch in the order of training, int64 (count,): another in each epoch.

    It depends on nothing but its arguments, so that any epoch can be begun again. (Keras' `fit`
    repeats one order in every epoch, once a seed is set.)

    >>> [order(seed=0, epoch=epoch, count=5).numpy().tolist() for epoch in range(2)]
    [[2, 4, 3, 0, 1], [1, 4, 3, 0, 2]]
    """
    drawn = np.random.Generator(np.random.PCG64([seed, epoch])).permutation(count)
    return tf.constant(drawn, tf.int64)


class Driver:
    """Trains a model from wherever a session stands to the end of its epochs.

    Args:
        model: a `FastFitModel`.
        session: a `Session`, which holds the state and saves it.
        seed: int, of the orders.
        training, held_out: `Feed`s.
        progress: a `Progress`.
        stop: a `signals.Stop`.
        job: a `distribution.job.Job`, or `Alone`.
    """

    def __init__(self, model, session, seed, training, held_out, progress, stop, job=None):
        self._model, self._session, self._seed = model, session, seed
        self._training, self._held_out = training, held_out
        self._progress, self._stop = progress, stop
        self._job = job or Alone()
        self._pace = Pace(SHARED if self._job.strategy else None)

    def train(self, epochs):
        """Trains; the session then stands at the end of the last epoch, and is saved.

        Raises:
            FloatingPointError: for a loss or a weight that is infinite or not a number.
            Interrupted: after SIGINT or SIGTERM, with the state saved.
            OSError: if the state cannot be saved.
        """
        self._epochs = epochs
        while self._session.epoch < epochs:
            self._progress.begin(self._session.epoch, epochs, self._training.steps)
            rows = order(self._seed, self._session.epoch, len(self._training.y))
            logs = self._steps(rows)
            logs |= {f"val_{key}": value for key, value in self._validate().items()}
            logs["learning_rate"] = variable_state.learning_rate(self._model)
            self._session.end_epoch(logs)
            self._progress.end(logs)
            self._end_if_told()

    def _steps(self, rows):
        """Runs what is left of the epoch; its metrics."""
        session = self._session
        if session.step == 0:
            self._model.reset_metrics()
            session.note(0)
        while session.step < self._training.steps:
            start = session.step
            stop = min(self._training.steps, session.next_stop(start + self._pace.steps))
            logs = self._chunk(rows, start, stop)
            self._progress.advance(stop, logs["loss"])
            if stop < self._training.steps:
                session.save_if_due()
                self._end_if_told()
        return logs

    def _chunk(self, rows, start, stop):
        began, before = time.perf_counter(), self._session.arrays
        logs = self._training(rows, start, stop)
        self._session.note(stop)
        self._pace.ran(stop - start, time.perf_counter() - began)
        if not (math.isfinite(logs["loss"]) and variable_state.finite(self._session.arrays)):
            guard.Guard(self._model, self._session, self._training, self._epochs).fail(
                rows, start, stop, before
            )
        return logs

    def _validate(self):
        self._model.reset_metrics()
        rows = tf.range(len(self._held_out.y), dtype=tf.int64)
        logs = self._held_out(rows, 0, self._held_out.steps)
        if not math.isfinite(logs["loss"]):
            guard.Guard(self._model, self._session, self._held_out, self._epochs).fail_validation(
                rows, logs["loss"]
            )
        return logs

    def _end_if_told(self):
        status = self._job.any(self._stop.status or 0)  # one worker's signal ends them all
        if not status:
            return
        self._session.save()
        raise Interrupted(
            f"interrupted at epoch {self._session.epoch + 1} after step {self._session.step} of "
            f"{self._training.steps}; saved; the same command goes on",
            status,
        )
