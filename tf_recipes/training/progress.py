"""A progress bar and one line per epoch."""

import time

from rich import progress

from tf_recipes._support.terminal import Terminal


class Progress:
    """Shows how training goes.

    On a terminal a bar moves below the epochs' lines; elsewhere there are the lines alone. Use it
    as a context, so that an interruption leaves the terminal as it was.

    Args:
        output: a `rich.console.Console`, or None for the standard output.
    """

    def __init__(self, output=None):
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
        self._task = None

    def __enter__(self):
        self._bar.start()
        return self

    def __exit__(self, *exception):
        self._bar.stop()

    def line(self, text):
        """Prints one line, however long, above the bar."""
        self._bar.console.print(text, soft_wrap=True, markup=False, highlight=False)

    def begin(self, epoch, epochs, steps):
        """An epoch, counted from 0, begins or goes on."""
        self._epoch = f"epoch {epoch + 1}/{epochs}"
        self._started = time.perf_counter()
        if self._task is None:
            self._task = self._bar.add_task("", loss="")
        self._bar.reset(self._task, total=steps, description=self._epoch, loss="loss ...")

    def advance(self, step, loss):
        """The epoch's first `step` steps are done, at a mean loss so far."""
        self._bar.update(self._task, completed=step, loss=f"loss {loss:.4f}")

    def end(self, logs):
        """The epoch is over, with these figures."""
        seconds = time.perf_counter() - self._started
        self.line(
            f"{self._epoch}: loss {logs['loss']:.4f}, accuracy {logs['accuracy']:.2%}; "
            f"validation loss {logs['val_loss']:.4f}, accuracy {logs['val_accuracy']:.2%}; "
            f"{seconds:.1f} s"
        )
