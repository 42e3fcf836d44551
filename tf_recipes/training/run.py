"""Training a recipe on MNIST: history, learning curves, TensorBoard logs and the model on disk."""

import contextlib

import keras
import tensorflow as tf

from tf_recipes import models
from tf_recipes._support import validation, versions
from tf_recipes.distribution.batch_shares import check_batch_size
from tf_recipes.distribution.single_process import Alone
from tf_recipes.training import checkpoints, chief_directory, directory, identity, results, splits
from tf_recipes.training.driver import EVALUATION_BATCH, Driver, Feed
from tf_recipes.training.logs import Logs
from tf_recipes.training.progress import Progress
from tf_recipes.training.results import FILES, LOGS
from tf_recipes.training.run_state import Session
from tf_recipes.training.signals import Stop
from tf_recipes.training.variable_state import State

CHECKPOINT_SECONDS = 10.0
MODEL_FILES = 10**6  # bytes of the figure, the history, the logs, and the model besides its weights


def train(
    recipe,
    data,
    epochs,
    output_dir,
    port="exact",
    console=None,
    *,
    checkpoint_steps=None,
    checkpoint_seconds=CHECKPOINT_SECONDS,
    job=None,
):
    """Trains `recipe`, validates after each epoch and tests at the end; goes on where it stopped.

    TF1: the document's loop of `sess.run(training_op)` over `mnist.train.next_batch`. As there,
    the batches are shuffled anew in each epoch and the test images serve for the last figure only;
    the validation images are the last tenth of the training images.

    The same recipe, data and epochs give the same bits, however often the process was killed in
    between: `output_dir` holds checkpoints, and the same call goes on from the newest. With more
    epochs it goes on, too. Whoever loads `model.keras` in another process imports `tf_recipes`,
    which makes its classes known to Keras.

    Args:
        recipe: a `tf_recipes.recipe.Recipe`; its `steps` is not used.
        data: a `tf_recipes.mnist.Mnist`, or anything with its fields.
        epochs: int >= 1, passes over the training images.
        output_dir: directory for `FILES`, `LOGS` and checkpoints, made if need be.
        port: `"exact"`, `"textbook"` or a `Port`.
        console: a `rich.console.Console`; None for the standard output.
        checkpoint_steps: int >= 1, steps between two checkpoints; None for none but by the clock
            and at the end of each epoch.
        checkpoint_seconds: number > 0, seconds between two checkpoints in an epoch.
        job: a `distribution.job.Job` that has been started, for several replicas or workers; only
            its chief writes, and reads what was written. None for this process alone.

    Returns:
        A dict, as in `history.json`: per epoch the lists `loss`, `accuracy`, `val_loss`,
        `val_accuracy` and `learning_rate`; `test_loss`, `test_accuracy`; `seconds` of training and
        validation, the one figure that two equal runs do not share; `recipe`, `port`, `data`
        (SHA-256), `epochs`, `images` and `versions`.

    Raises:
        ValueError: for epochs below 1, an unknown port, fewer than 10 training images, a directory
            that holds something else, or nothing but damaged checkpoints; for a batch that the
            job's replicas cannot share out, or workers that train different things.
        OSError: if `output_dir` cannot be written, is too full, or in use; said before training
            starts, or when it happens.
        FloatingPointError: once a loss or a weight is infinite or not a number.
        tf_recipes.training.Interrupted: after Ctrl-C or SIGTERM, with the state saved.
    """
    validation.whole("epochs", epochs, 1)
    if checkpoint_steps is not None:
        validation.whole("checkpoint_steps", checkpoint_steps, 1)
    validation.number("checkpoint_seconds", checkpoint_seconds, 0, open_low=True)
    job = job or Alone()
    check_batch_size(recipe.batch_size, job.replicas)
    what = identity.of(recipe, port, data, splits.held_out(data))
    job.agree({**what, "epochs": epochs, "checkpoint_steps": checkpoint_steps})
    keras.utils.set_random_seed(recipe.seed % 2**32)
    with job.scope():
        model = models.build(recipe, port)
    where = chief_directory.directory_of(job, output_dir)
    with where as path, Progress(console) as progress, Stop() as stop:
        run = Run(recipe, model, what, path, progress, job)
        if (finished := run.finished(epochs)) is not None:
            return finished
        run.prepare(splits.split(data, recipe.dtype), checkpoint_steps, checkpoint_seconds)
        return run.complete(epochs, stop)


class Run:
    """One call of `train`, after its arguments are checked."""

    def __init__(self, recipe, model, what, path, progress, job):
        self._recipe, self._model, self._what, self._job = recipe, model, what, job
        self._path, self._progress = path, progress
        self._checkpoints = chief_directory.Elsewhere()
        if job.is_chief:
            self._checkpoints = checkpoints.Checkpoints(path / checkpoints.FOLDER, progress.line)
        self._checkpoint = chief_directory.checkpoint(job, self._checkpoints.newest())
        self._surroundings = {**identity.surroundings(), "replicas": job.replicas}

    def finished(self, epochs):
        """The result, if an earlier call has finished this very training; else None.

        Raises:
            ValueError: if the directory holds something else, or more epochs.
        """
        found = results.read(self._path) if self._job.is_chief else None
        result = chief_directory.result(self._job, found)
        if self._checkpoint is not None:
            identity.check(self._checkpoint.identity, self._what, self._path)
            self._check_epochs(epochs)
            done = self._checkpoint.place == [epochs, 0]
            if not (done and results.same(result, self._written_identity())):
                result = None  # of an earlier call, or from elsewhere: it will be replaced
        elif result is not None:
            results.check(result, self._written_identity(), epochs, self._path)
        if result is None or result.get("epochs") != epochs:
            return None
        self._progress.line(f"finished before: {self._path} holds the result")
        return result

    def prepare(self, split, every_steps, every_seconds):
        """Makes the session, from the newest checkpoint if there is one."""
        self._split = split
        training, held_out, _ = split
        self._training = Feed(self._model, "train", *training, self._recipe.batch_size, self._job)
        self._held_out = Feed(self._model, "test", *held_out, EVALUATION_BATCH, self._job)
        state = State(self._model, *training)
        files = checkpoints.KEPT + 1 - len(self._checkpoints.paths()) + 1  # one half-written
        needed = files * state.bytes + MODEL_FILES
        if self._job.is_chief:
            directory.room(self._path, needed)
        self._session = Session(
            state, self._checkpoints, self._what, self._surroundings, self._training.steps
        )
        self._session.every_steps, self._session.every_seconds = every_steps, every_seconds
        self._start()

    def complete(self, epochs, stop):
        """Trains to the end and writes the files; the result."""
        driver = Driver(
            self._model,
            self._session,
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

    def _logs(self):
        if not self._job.is_chief:
            return contextlib.nullcontext()
        logs = Logs(self._path / LOGS, self._session.history)
        self._session.on_epoch = logs.add
        return contextlib.closing(logs)

    def _write(self, result):
        results.write(self._model, result, self._path)
        self._progress.line(f"test accuracy: {result['test_accuracy']:.2%}")
        self._progress.line(f"time: {result['seconds']:.1f} s")
        self._progress.line(f"written to {self._path}: {', '.join([*FILES, LOGS])}")

    def _start(self):
        if self._checkpoint is None:
            self._session.save()  # if the directory cannot take a checkpoint, that shows here
            return
        self._session.go_on(self._checkpoint)
        self._progress.line(
            f"going on after step {self._session.total_steps}, in epoch {self._session.epoch + 1}"
        )
        there = self._checkpoint.surroundings
        if found := identity.differences(there, self._surroundings):
            self._progress.line(
                f"the last bits may differ from a run in one go: {'; '.join(found)}"
            )

    def _check_epochs(self, epochs):
        epoch, step = self._checkpoint.place
        if epoch > epochs or (epoch == epochs and step):
            validation.fail(
                "`epochs` must be as many as are trained already, or more.",
                f"epochs={epochs}, and {self._checkpoint.step} steps of {epoch} epochs are trained",
                "Raise --epochs, or name another --output_dir.",
            )

    def _tested(self):
        if self._job.strategy is None:
            return self._model.evaluate(
                *self._split[2], batch_size=EVALUATION_BATCH, verbose=0, return_dict=True
            )
        self._model.reset_metrics()
        feed = Feed(self._model, "test", *self._split[2], EVALUATION_BATCH, self._job)
        return feed(tf.range(len(feed.y), dtype=tf.int64), 0, feed.steps)

    def _written_identity(self):
        spec = {**self._what["recipe"], "steps": self._recipe.steps}
        return {"recipe": spec, "port": self._what["port"], "data": self._what["data"]}

    def _result(self, epochs):
        tested = self._tested()
        return {
            **self._session.history,
            "test_loss": tested["loss"],
            "test_accuracy": tested["accuracy"],
            "seconds": round(self._session.seconds, 3),
            **self._written_identity(),
            "epochs": epochs,
            "images": [len(labels) for _, labels in self._split],
            "versions": versions.installed(),
        }
