"""A progress bar and one line per epoch, as a Keras callback."""

import math
import time

import keras
from rich import progress

from tf_recipes.terminal import Terminal


class Progress(keras.callbacks.Callback):
    """Shows how training goes, and stops it with an error once the loss is not a number.

    On a terminal a bar moves below the epochs' lines; elsewhere there are the lines alone. Use it
    as a context, so that an interruption leaves the terminal as it was.

    Args:
        output: a `rich.console.Console`, or None for the standard output.

    Raises:
        FloatingPointError: in training, once the loss is infinite or not a number.
    """

    def __init__(self, output=None):
        super().__init__()
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

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = f"epoch {epoch + 1}/{self.params['epochs']}"
        self._started, self._step = time.perf_counter(), 0
        if self._task is None:
            self._task = self._bar.add_task("", loss="")
        self._bar.reset(
            self._task, total=self.params["steps"], description=self._epoch, loss="loss ..."
        )

    def on_train_batch_end(self, batch, logs=None):
        # Keras counts whole executions, the last one too, past the end of the epoch.
        first, self._step = self._step + 1, min(batch + 1, self.params["steps"])
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            where = f"step {first}" if first == self._step else f"steps {first}-{self._step}"
            raise FloatingPointError(
                f"The loss became {loss} in {where} of {self._epoch}. Lower --learning_rate."
            )
        self._bar.update(self._task, completed=self._step, loss=f"loss {loss:.4f}")

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self._started
        if not math.isfinite(logs["val_loss"]):
            raise FloatingPointError(
                f"The validation loss became {logs['val_loss']} in {self._epoch}. "
                "Lower --learning_rate."
            )
        self.line(
            f"{self._epoch}: loss {logs['loss']:.4f}, accuracy {logs['accuracy']:.2%}; "
            f"validation loss {logs['val_loss']:.4f}, accuracy {logs['val_accuracy']:.2%}; "
            f"{seconds:.1f} s"
        )
