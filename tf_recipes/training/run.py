"""Trains a recipe on MNIST; writes the history, the figure, TensorBoard's logs and the model."""

import contextlib
import pathlib
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from rich.console import Console

from tf_recipes import models
from tf_recipes._support import validation, versions
from tf_recipes.distribution.batch_shares import check_batch_size
from tf_recipes.distribution.single_process import SingleProcess
from tf_recipes.training import (
    backend,
    checkpoints,
    chief_directory,
    directory,
    identity,
    results,
    splits,
)
from tf_recipes.training.directory import PathLike
from tf_recipes.training.driver import EVALUATION_BATCH, Driver
from tf_recipes.training.feed import Feed
from tf_recipes.training.logs import Logs
from tf_recipes.training.progress import Progress
from tf_recipes.training.results import FILES, LOGS
from tf_recipes.training.run_state import RunState
from tf_recipes.training.signals import Stop
from tf_recipes.training.splits import Rows
from tf_recipes.training.variable_state import VariableState

if TYPE_CHECKING:
    from tf_recipes.distribution.job import Job
    from tf_recipes.mnist import Mnist
    from tf_recipes.ports import Port
    from tf_recipes.recipe import Recipe

CHECKPOINT_SECONDS = 10.0
# Bytes of the figure, the history, the logs, and the model's file without the weights.
MODEL_FILES = 10**6


def train(
    recipe: "Recipe",
    data: "Mnist",
    epochs: int,
    output_dir: PathLike,
    port: "str | Port" = "exact",
    console: Console | None = None,
    *,
    checkpoint_steps: int | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    job: "Job | SingleProcess | None" = None,
) -> dict[str, Any]:
    """Trains a recipe or continues its training, validates after each epoch, tests at the end.

    TF1: the chapter's loop of `sess.run(training_op)` over `mnist.train.next_batch`. As in TF1 the
    rows are shuffled in each epoch, and the test images are used for the last figure only. The
    validation images are the last tenth of the training images.

    The same recipe, data and epochs give the same bits, even if the process is killed and started
    again: `output_dir` holds checkpoints, and the same call continues from the newest one. A call
    with more epochs continues, too. A process that loads `model.keras` must import `tf_recipes`,
    which registers its classes with Keras.

    Args:
        recipe: a `tf_recipes.recipe.Recipe`; its `steps` is not used.
        data: a `tf_recipes.mnist.Mnist`, or an object with the same fields.
        epochs: int >= 1, passes over the training images.
        output_dir: the directory of `FILES`, `LOGS` and the checkpoints; created if necessary.
        port: `"exact"`, `"textbook"` or a `Port`.
        console: a `rich.console.Console`; None for the standard output.
        checkpoint_steps: int >= 1, steps between two checkpoints; None for checkpoints by time
            and at the end of each epoch only.
        checkpoint_seconds: number > 0, seconds between two checkpoints in an epoch.
        job: a `distribution.job.Job` for several replicas or workers; only its chief reads and
            writes files. None to train in this process without a strategy.

    Returns:
        A dict, the contents of `history.json`: per epoch the lists `loss`, `accuracy`, `val_loss`,
        `val_accuracy` and `learning_rate`; `test_loss`, `test_accuracy`; `seconds` of training and
        validation, the only figure that differs between two equal runs; `recipe`, `port`, `data`
        (SHA-256), `epochs`, `images` and `versions`.

    Raises:
        ValueError: on PyTorch's backend; if `epochs` is below 1; if the port is unknown; if there
            are fewer than 10 training images; if the directory holds another training, damaged
            checkpoints only, or files that training did not write; if the job's replicas cannot
            take equal shares of the batch; if workers train differently.
        OSError: if `output_dir` cannot be written, is too full, or is in use. Training checks this
            before it starts.
        FloatingPointError: if a loss or a weight becomes infinite or not a number.
        tf_recipes.training.Interrupted: after Ctrl-C or SIGTERM, with the state saved.
    """
    backend.module()  # refuses a backend without a compiled loop
    validation.whole("epochs", epochs, 1)
    if checkpoint_steps is not None:
        validation.whole("checkpoint_steps", checkpoint_steps, 1)
    validation.number("checkpoint_seconds", checkpoint_seconds, 0, open_low=True)
    job = job or SingleProcess()
    check_batch_size(recipe.batch_size, job.replicas)
    described = identity.describe(recipe, port, data, splits.held_out_count(data))
    job.agree({**described, "epochs": epochs, "checkpoint_steps": checkpoint_steps})
    keras.utils.set_random_seed(recipe.seed % 2**32)
    with job.scope():
        model = models.build(recipe, port)
    directory_context = chief_directory.open_directory(job, output_dir)
    with directory_context as path, Progress(console) as progress, Stop() as stop:
        run = Run(recipe, model, described, path, progress, job)
        if (finished := run.finished(epochs)) is not None:
            return finished
        run.prepare(splits.split(data, recipe.dtype), checkpoint_steps, checkpoint_seconds)
        return run.complete(epochs, stop)


class Run:
    """Performs one call of `train`, after the arguments are checked.

    Args:
        recipe: a `Recipe`.
        model: the compiled model.
        described: a dict, see `identity.describe`.
        path: the output directory.
        progress: a `Progress`.
        job: a `distribution.job.Job`, or a `SingleProcess`.
    """

    def __init__(
        self,
        recipe: "Recipe",
        model: Any,
        described: dict[str, Any],
        path: pathlib.Path,
        progress: Progress,
        job: "Job | SingleProcess",
    ) -> None:
        self._recipe, self._model, self._identity, self._job = recipe, model, described, job
        self._path, self._progress = path, progress
        self._checkpoints: checkpoints.Checkpoints | chief_directory.NoCheckpoints
        if job.is_chief:
            folder = path / checkpoints.FOLDER
            self._checkpoints = checkpoints.Checkpoints(folder, progress.print_line)
        else:
            self._checkpoints = chief_directory.NoCheckpoints()
        self._checkpoint = chief_directory.share_checkpoint(job, self._checkpoints.newest())
        self._surroundings = {**identity.surroundings(), "replicas": job.replicas}

    def finished(self, epochs: int) -> dict[str, Any] | None:
        """Returns the result if an earlier call has finished the same training, else None.

        Raises:
            ValueError: if the directory holds another training, or more epochs.
        """
        result = self._result_of_chief()
        if self._checkpoint is not None:
            identity.check(self._checkpoint.identity, self._identity, self._path)
            self._check_epochs(self._checkpoint, epochs)
            done = self._checkpoint.place == [epochs, 0]
            if done and self._job.is_chief:
                self._report_changed()
            if not (done and results.is_result_of(result, self._written_identity())):
                result = None  # of an earlier call or another training: it will be replaced
        elif result is not None:
            results.check(result, self._written_identity(), epochs, self._path)
        if result is None or result.get("epochs") != epochs:
            return None
        self._progress.print_line(f"finished before: {self._path} holds the result")
        return result

    def _result_of_chief(self) -> dict[str, Any] | None:
        """Returns the result in the chief's directory, or None, on every worker.

        Raises:
            ValueError: if the directory holds files that training did not write.
        """
        found: dict[str, Any] = {}
        if self._job.is_chief:
            try:
                results.check_ours(self._path)
                found["result"] = results.read(self._path)
            except (ValueError, OSError) as error:
                found["refused"] = str(error)
        found = chief_directory.share_result(self._job, found) or {}
        if "refused" in found:
            raise ValueError(found["refused"])
        return found["result"]

    def _report_changed(self) -> None:
        """Prints which files of a finished run were changed since; they are written again."""
        there = [name for name in results.changed(self._path) if (self._path / name).exists()]
        if there and (self._path / results.DIGESTS).exists():
            self._progress.print_line(
                f"{', '.join(there)} in {self._path}: not as {results.DIGESTS} says; "
                "written again from the last checkpoint"
            )

    def prepare(
        self, split: tuple[Rows, Rows, Rows], every_steps: int | None, every_seconds: float
    ) -> None:
        """Makes the `RunState`, from the newest checkpoint if there is one.

        Args:
            split: the training, validation and test rows, see `splits.split`.
            every_steps: int, steps between two checkpoints, or None.
            every_seconds: float, seconds between two checkpoints.
        """
        self._split = split
        (x, y), held_out, _ = split
        self._training = Feed(self._model, "train", x, y, self._recipe.batch_size, self._job)
        self._held_out = Feed(self._model, "test", *held_out, EVALUATION_BATCH, self._job)
        variables = VariableState(self._model, y)
        # The kept checkpoints, one that is being written, and the weights in the model's file.
        files = checkpoints.KEPT + 1 - len(self._checkpoints.paths()) + 1
        # On every worker, because reading a metric's variables sums them over the replicas.
        needed = files * variables.byte_count + MODEL_FILES
        if self._job.is_chief:
            directory.check_free_space(self._path, needed)
        self._run_state = RunState(
            variables, self._checkpoints, self._identity, self._surroundings, self._training.steps
        )
        self._run_state.every_steps, self._run_state.every_seconds = every_steps, every_seconds
        self._start()

    def complete(self, epochs: int, stop: Stop) -> dict[str, Any]:
        """Trains to the end of the last epoch, writes the files and returns the result."""
        driver = Driver(
            self._model,
            self._run_state,
            self._recipe.seed,
            self._training,
            self._held_out,
            self._progress,
            stop,
            self._job,
        )
        with self._logs():
            driver.train(epochs)
        result = self._result(epochs)
        if self._job.is_chief:
            self._write(result)
        return result

    def _logs(self) -> contextlib.AbstractContextManager[Any]:
        if not self._job.is_chief:
            return contextlib.nullcontext()
        logs = Logs(self._path / LOGS, self._run_state.history)
        self._run_state.on_epoch = logs.add
        return contextlib.closing(logs)

    def _write(self, result: dict[str, Any]) -> None:
        results.write(self._model, result, self._path)
        self._progress.print_line(f"test accuracy: {result['test_accuracy']:.2%}")
        self._progress.print_line(f"time: {result['seconds']:.1f} s")
        self._progress.print_line(f"written to {self._path}: {', '.join([*FILES, LOGS])}")

    def _start(self) -> None:
        """Restores the newest checkpoint; without one, writes the first checkpoint as a test."""
        if self._checkpoint is None:
            self._run_state.save()
            return
        self._run_state.restore(self._checkpoint)
        self._progress.print_line(
            f"going on after step {self._run_state.total_steps}, "
            f"in epoch {self._run_state.epoch + 1}"
        )
        saved = self._checkpoint.surroundings
        if found := identity.differences(saved, self._surroundings):
            self._progress.print_line(
                f"the last bits may differ from an uninterrupted run: {'; '.join(found)}"
            )

    def _check_epochs(self, checkpoint: checkpoints.Checkpoint, epochs: int) -> None:
        epoch, step = checkpoint.place
        if epoch > epochs or (epoch == epochs and step):
            validation.fail(
                "`epochs` must not be less than the number of epochs that are trained already.",
                f"epochs={epochs}, and {checkpoint.step} steps of {epoch} epochs are trained",
                f"Pass epochs={epoch + bool(step)} or more, or another directory, "
                "output_dir='DIR'.",
            )

    def _tested(self) -> dict[str, float]:
        """Returns the metrics of the test images."""
        if self._job.strategy is None:
            return self._model.evaluate(
                *self._split[2], batch_size=EVALUATION_BATCH, verbose=0, return_dict=True
            )
        self._model.reset_metrics()
        feed = Feed(self._model, "test", *self._split[2], EVALUATION_BATCH, self._job)
        return feed(np.arange(len(feed.y)), 0, feed.steps)

    def _written_identity(self) -> dict[str, Any]:
        """Returns the entries of `history.json` that say which training the result is of."""
        spec = {**self._identity["recipe"], "steps": self._recipe.steps}
        return {"recipe": spec, "port": self._identity["port"], "data": self._identity["data"]}

    def _result(self, epochs: int) -> dict[str, Any]:
        tested = self._tested()
        return {
            **self._run_state.history,
            "test_loss": tested["loss"],
            "test_accuracy": tested["accuracy"],
            "seconds": round(self._run_state.seconds, 3),
            **self._written_identity(),
            "epochs": epochs,
            "images": [len(labels) for _, labels in self._split],
            "versions": versions.installed(),
        }
