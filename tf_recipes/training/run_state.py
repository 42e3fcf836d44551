"""Where training stands, kept in memory and on disk."""

import math
import time

from tf_recipes.training.checkpoints import Checkpoint


class Session:
    """A run of training: its variables, its place, its history, and when to save them.

    Args:
        state: a `State`.
        checkpoints: a `Checkpoints`.
        identity, surroundings: see `identity`.
        steps_per_epoch: int.

    Attributes:
        epoch, step: int, finished epochs, and steps of the one after them.
        arrays: `{name: array}`, the variables there.
        history: `{metric: one figure per finished epoch}`.
        on_epoch: function of an epoch and its figures, called once that epoch is saved.
        every_steps: int, steps between two checkpoints, or None.
        every_seconds: float, seconds between two checkpoints.
    """

    def __init__(self, state, checkpoints, identity, surroundings, steps_per_epoch):
        self._state, self._checkpoints = state, checkpoints
        self._identity, self._surroundings = identity, surroundings
        self._steps_per_epoch = steps_per_epoch
        self.epoch = self.step = 0
        self.history, self.on_epoch = {}, lambda epoch, figures: None
        self.every_steps, self.every_seconds = None, math.inf
        self._before, self._began = 0.0, time.perf_counter()
        self._saved = self._began
        self.arrays = state.take()

    @property
    def seconds(self):
        """Of training so far, in all the processes whose work counts."""
        return self._before + time.perf_counter() - self._began

    @property
    def total_steps(self):
        return self.epoch * self._steps_per_epoch + self.step

    def go_on(self, checkpoint):
        """Takes up where a checkpoint stands."""
        self.epoch, self.step = checkpoint.place
        self.history = {key: list(values) for key, values in checkpoint.history.items()}
        self._before, self._began = checkpoint.seconds, time.perf_counter()
        self._saved = self._began
        self._state.put(checkpoint.arrays)
        self.arrays = self._state.take()

    def note(self, step):
        """Takes note of the variables after the first `step` steps of the epoch."""
        self.step, self.arrays = step, self._state.take()

    def rewind(self, step, arrays):
        """Goes back to the variables of before."""
        self._state.put(arrays)
        self.note(step)

    def next_stop(self, stop):
        """The step at which to stop for a checkpoint, `stop` at the latest."""
        if self.every_steps is None:
            return stop
        return min(stop, self.step + self.every_steps - self.total_steps % self.every_steps)

    def save_if_due(self):
        steps = self.every_steps and self.total_steps % self.every_steps == 0
        seconds = time.perf_counter() - self._saved >= self.every_seconds
        if steps or seconds:
            self.save()

    def end_epoch(self, figures):
        """Adds the epoch to the history, and saves."""
        for key, value in figures.items():
            self.history.setdefault(key, []).append(value)
        self.epoch += 1
        self.note(0)
        self.save()
        self.on_epoch(self.epoch - 1, figures)

    def save(self):
        """Writes a checkpoint; returns its path."""
        path = self._checkpoints.save(
            Checkpoint(
                step=self.total_steps,
                place=[self.epoch, self.step],
                arrays=self.arrays,
                history=self.history,
                seconds=self.seconds,
                identity=self._identity,
                surroundings=self._surroundings,
            )
        )
        self._saved = time.perf_counter()
        return path
