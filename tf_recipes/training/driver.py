"""Runs the loop over epochs, in chunks of compiled steps; between two chunks it can save."""

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes.distribution.single_process import SingleProcess
from tf_recipes.fast_fit.arrays import LONGEST, PATIENCE
from tf_recipes.training import guard, variable_state
from tf_recipes.training.feed import Feed
from tf_recipes.training.progress import Progress
from tf_recipes.training.run_state import RunState
from tf_recipes.training.signals import Interrupted, Stop

if TYPE_CHECKING:
    from tf_recipes.distribution.job import Job
    from tf_recipes.fast_fit.model import FastFitModel

EVALUATION_BATCH = 1000
# Steps of one chunk of a `Job`, whose workers must all make the same calls.
STRATEGY_CHUNK = 40


class Pace:
    """Chooses the number of steps of a chunk from measured times.

    The first chunk, in which the loop is compiled, has one step. A later one has as many steps as
    take `PATIENCE` seconds.

    Args:
        steps: int, a fixed number of steps for every chunk; None to measure.

    Attributes:
        steps: int, the number of steps of the next chunk.
    """

    def __init__(self, steps: int | None = None) -> None:
        self._fixed = steps
        self.steps, self._compiled = steps or 1, False

    def record(self, steps: int, seconds: float) -> None:
        """Records that a chunk of `steps` steps took `seconds`."""
        if self._compiled and not self._fixed:
            self.steps = max(1, min(LONGEST, int(PATIENCE * steps / max(seconds, 1e-9))))
        self._compiled = True


def order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """Returns the row numbers of an epoch in the order of training, int64 (count,).

    Each epoch has another order. The order depends only on the arguments, so that training can
    restart in any epoch. (Keras' `fit` repeats one order in every epoch once a seed is set.)

    >>> [order(seed=0, epoch=epoch, count=5).tolist() for epoch in range(2)]
    [[2, 4, 3, 0, 1], [1, 4, 3, 0, 2]]
    """
    return np.random.Generator(np.random.PCG64([seed, epoch])).permutation(count)


class Driver:
    """Trains a model from the position of a `RunState` to the end of the epochs.

    Args:
        model: a `FastFitModel`.
        run_state: a `RunState`, which holds the state of the run and saves it.
        seed: int, the seed of the epochs' orders.
        training: a `Feed` of the training rows.
        held_out: a `Feed` of the validation rows.
        progress: a `Progress`.
        stop: a `signals.Stop`.
        job: a `distribution.job.Job`, or a `SingleProcess`.
    """

    def __init__(
        self,
        model: "FastFitModel",
        run_state: RunState,
        seed: int,
        training: Feed,
        held_out: Feed,
        progress: Progress,
        stop: Stop,
        job: "Job | SingleProcess | None" = None,
    ) -> None:
        self._model, self._run_state, self._seed = model, run_state, seed
        self._training, self._held_out = training, held_out
        self._progress, self._stop = progress, stop
        self._job = job or SingleProcess()
        self._pace = Pace(None if isinstance(self._job, SingleProcess) else STRATEGY_CHUNK)

    def train(self, epochs: int) -> None:
        """Trains to the end of the last epoch, and saves the state after every epoch.

        Raises:
            FloatingPointError: if a loss or a weight is infinite or not a number.
            Interrupted: after SIGINT or SIGTERM, with the state saved.
            OSError: if the state cannot be saved.
        """
        self._epochs = epochs
        while self._run_state.epoch < epochs:
            self._progress.begin(self._run_state.epoch, epochs, self._training.steps)
            rows = order(self._seed, self._run_state.epoch, len(self._training.y))
            logs = self._finish_epoch(rows)
            logs |= {f"val_{key}": value for key, value in self._validate().items()}
            logs["learning_rate"] = variable_state.learning_rate(self._model)
            self._run_state.end_epoch(logs)
            self._progress.end(logs)
            self._stop_if_signalled()

    def _finish_epoch(self, rows: NDArray[Any]) -> dict[str, float]:
        """Runs the remaining steps of the epoch; returns the epoch's training metrics."""
        run_state = self._run_state
        if run_state.step == 0:
            self._model.reset_metrics()
            run_state.record_step(0)
        while run_state.step < self._training.steps:
            start = run_state.step
            stop = min(self._training.steps, run_state.next_stop(start + self._pace.steps))
            logs = self._chunk(rows, start, stop)
            self._progress.advance(stop, logs["loss"])
            if stop < self._training.steps:
                run_state.save_if_due()
                self._stop_if_signalled()
        return logs

    def _chunk(self, rows: NDArray[Any], start: int, stop: int) -> dict[str, float]:
        """Runs the steps `start` to `stop - 1`, and checks that loss and weights are finite."""
        began, before = time.perf_counter(), self._run_state.arrays
        logs = self._training(rows, start, stop)
        self._run_state.record_step(stop)
        self._pace.record(stop - start, time.perf_counter() - began)
        if not (math.isfinite(logs["loss"]) and variable_state.all_finite(self._run_state.arrays)):
            guard.Guard(self._model, self._run_state, self._training, self._epochs).fail(
                rows, start, stop, before
            )
        return logs

    def _validate(self) -> dict[str, float]:
        self._model.reset_metrics()
        rows = np.arange(len(self._held_out.y))
        logs = self._held_out(rows, 0, self._held_out.steps)
        if not math.isfinite(logs["loss"]):
            guard.Guard(self._model, self._run_state, self._held_out, self._epochs).fail_validation(
                rows, logs["loss"]
            )
        return logs

    def _stop_if_signalled(self) -> None:
        """Saves the state and raises `Interrupted` if a signal has reached any worker."""
        status = self._job.largest(self._stop.status or 0)
        if not status:
            return
        self._run_state.save()
        raise Interrupted(
            f"interrupted at epoch {self._run_state.epoch + 1} after step {self._run_state.step} "
            f"of {self._training.steps}; saved; the same command goes on",
            status,
        )
