"""Holds the state of a training run in memory and saves it to disk."""

import math
import pathlib
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from tf_recipes.training.checkpoints import Checkpoint, Checkpoints

if TYPE_CHECKING:
    from tf_recipes.training.chief_directory import NoCheckpoints
    from tf_recipes.training.variable_state import VariableState


class RunState:
    """Holds the variables, the position and the history of a run, and saves them in checkpoints.

    Args:
        variables: a `VariableState`.
        checkpoints: a `Checkpoints`, or a `NoCheckpoints`.
        identity: a dict, see `identity.describe`.
        surroundings: a dict, see `identity.surroundings`.
        steps_per_epoch: int.

    Attributes:
        epoch: int, the number of finished epochs.
        step: int, the number of finished steps of the next epoch.
        arrays: `{name: array}`, the values of the variables at that position.
        history: `{metric: a list with one figure for each finished epoch}`.
        on_epoch: function of an epoch and its figures, called after the epoch is saved.
        every_steps: int, steps between two checkpoints, or None.
        every_seconds: float, seconds between two checkpoints.
    """

    def __init__(
        self,
        variables: "VariableState",
        checkpoints: "Checkpoints | NoCheckpoints",
        identity: dict[str, Any],
        surroundings: dict[str, Any],
        steps_per_epoch: int,
    ) -> None:
        self._variables, self._checkpoints = variables, checkpoints
        self._identity, self._surroundings = identity, surroundings
        self._steps_per_epoch = steps_per_epoch
        self.epoch = self.step = 0
        self.history: dict[str, list[float]] = {}
        self.on_epoch: Callable[[int, dict[str, float]], None] = lambda epoch, figures: None
        self.every_steps: int | None = None
        self.every_seconds = math.inf
        self._earlier_seconds, self._began = 0.0, time.perf_counter()
        self._saved = self._began
        self.arrays = variables.arrays()

    @property
    def seconds(self) -> float:
        """Returns the seconds of training so far, in all processes whose work was kept."""
        return self._earlier_seconds + time.perf_counter() - self._began

    @property
    def total_steps(self) -> int:
        """Returns the number of finished steps of all epochs."""
        return self.epoch * self._steps_per_epoch + self.step

    def restore(self, checkpoint: Checkpoint) -> None:
        """Sets the variables, the position and the history to those of a checkpoint."""
        self.epoch, self.step = checkpoint.place
        self.history = {key: list(values) for key, values in checkpoint.history.items()}
        self._earlier_seconds, self._began = checkpoint.seconds, time.perf_counter()
        self._saved = self._began
        self._variables.assign(checkpoint.arrays)
        self.arrays = self._variables.arrays()

    def record_step(self, step: int) -> None:
        """Records the position and the variables after the first `step` steps of the epoch."""
        self.step, self.arrays = step, self._variables.arrays()

    def rewind(self, step: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Sets the variables to `arrays`, their values after the first `step` steps."""
        self._variables.assign(arrays)
        self.record_step(step)

    def next_stop(self, stop: int) -> int:
        """Returns the step at which the next checkpoint is due, or `stop` if that is earlier."""
        if self.every_steps is None:
            return stop
        return min(stop, self.step + self.every_steps - self.total_steps % self.every_steps)

    def save_if_due(self) -> None:
        """Writes a checkpoint if enough steps or seconds have passed."""
        steps = self.every_steps and self.total_steps % self.every_steps == 0
        seconds = time.perf_counter() - self._saved >= self.every_seconds
        if steps or seconds:
            self.save()

    def end_epoch(self, figures: dict[str, float]) -> None:
        """Adds the figures of the finished epoch to the history, and writes a checkpoint."""
        for key, value in figures.items():
            self.history.setdefault(key, []).append(value)
        self.epoch += 1
        self.record_step(0)
        self.save()
        self.on_epoch(self.epoch - 1, figures)

    def save(self) -> pathlib.Path | str:
        """Writes a checkpoint; returns its path, or a text on a worker that writes none."""
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
