"""Shows the progress of training as a progress bar and one line per epoch."""

import time
from collections.abc import Mapping

from rich import progress
from rich.console import Console

from tf_recipes._support.terminal import Terminal


class Progress:
    """Prints one line per epoch and, on a terminal, moves a progress bar below these lines.

    Use it as a context, so that an interruption leaves the terminal as it was.

    Args:
        output: a `rich.console.Console`, or None for the standard output.
    """

    def __init__(self, output: Console | None = None) -> None:
        self._console = output or Terminal()
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("steps, {task.fields[loss]}"),
            progress.TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task: progress.TaskID | None = None

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def print_line(self, text: str) -> None:
        """Prints one line of any length above the bar."""
        self._bar.console.print(text, soft_wrap=True, markup=False, highlight=False)

    def begin(self, epoch: int, epochs: int, steps: int) -> None:
        """Resets the bar at the start of an epoch, or where training continues in an epoch.

        Args:
            epoch: int, counted from 0.
            epochs: int, the number of epochs.
            steps: int, the number of steps in an epoch.
        """
        self._epoch = f"epoch {epoch + 1}/{epochs}"
        self._started = time.perf_counter()
        if self._task is None:
            self._task = self._bar.add_task("", loss="")
        self._bar.reset(self._task, total=steps, description=self._epoch, loss="loss ...")

    def advance(self, step: int, loss: float) -> None:
        """Moves the bar to `step` finished steps of the epoch and shows their mean loss.

        Args:
            step: int, the number of finished steps.
            loss: float, the mean loss of these steps.
        """
        if self._task is not None:
            self._bar.update(self._task, completed=step, loss=f"loss {loss:.4f}")

    def end(self, logs: Mapping[str, float]) -> None:
        """Prints the line of the finished epoch with its figures, `{metric: figure}`."""
        seconds = time.perf_counter() - self._started
        self.print_line(
            f"{self._epoch}: loss {logs['loss']:.4f}, accuracy {logs['accuracy']:.2%}; "
            f"validation loss {logs['val_loss']:.4f}, accuracy {logs['val_accuracy']:.2%}; "
            f"{seconds:.1f} s"
        )
