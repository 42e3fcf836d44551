"""Training a recipe on MNIST: history, learning curves, TensorBoard logs and the model on disk."""

import json
import os
import pathlib
import platform
import tempfile
import time

import keras
import numpy as np
import tensorflow as tf

import tf_recipes
from tf_recipes import learning_curves, mnist, models, validation
from tf_recipes.progress import Progress

VALIDATION_SHARE = 10  # the last tenth of the training images is held out
STEPS_PER_EXECUTION = 50
EVALUATION_BATCH = 1000
FILES = ("model.keras", "learning_curves.png", "history.json")
LOGS = "tensorboard"


def train(recipe, data, epochs, output_dir, port="exact", console=None):
    """Trains `recipe`, validates after each epoch and tests at the end.

    TF1: the document's loop of `sess.run(training_op)` over `mnist.train.next_batch`. As there,
    the batches are shuffled anew in each epoch and the test images serve for the last figure only;
    the validation images are the last tenth of the training images.

    The same recipe, data and epochs give the same history. Files of an earlier run in `output_dir`
    are replaced, all at the end; its TensorBoard logs at the start. Whoever loads `model.keras` in
    another process imports `tf_recipes`, which makes its classes known to Keras.

    Args:
        recipe: a `tf_recipes.recipe.Recipe`; its `steps` is not used.
        data: a `tf_recipes.mnist.Mnist`, or anything with its fields.
        epochs: int >= 1, passes over the training images.
        output_dir: directory for `FILES` and `LOGS`, made if need be.
        port: `"exact"` or `"textbook"`.
        console: a `rich.console.Console`; None for the standard output.

    Returns:
        A dict, as in `history.json`: per epoch the lists `loss`, `accuracy`, `val_loss` and
        `val_accuracy`; `test_loss`, `test_accuracy`; `seconds` of training and validation;
        `recipe`, `port`, `epochs`, `images` and `versions`.

    Raises:
        ValueError: for epochs below 1, an unknown port, or fewer than 10 training images.
        OSError: if `output_dir` cannot be written; said before training starts.
        FloatingPointError: once the loss is not a number; then no file is written.
    """
    validation.whole("epochs", epochs, 1)
    training, held_out, test = _splits(data, recipe.dtype)
    keras.utils.set_random_seed(recipe.seed % 2**32)
    model = _build(recipe, port)
    output_dir = writable(output_dir)
    with Progress(console) as progress:
        history, seconds = _fit(model, recipe, training, held_out, epochs, output_dir, progress)
        tested = model.evaluate(*test, batch_size=EVALUATION_BATCH, verbose=0, return_dict=True)
        result = {
            **history,
            "test_loss": tested["loss"],
            "test_accuracy": tested["accuracy"],
            "seconds": round(seconds, 3),
            "recipe": recipe.to_spec(),
            "port": port,
            "epochs": epochs,
            "images": [len(labels) for _, labels in (training, held_out, test)],
            "versions": versions(),
        }
        _write(model, result, output_dir)
        progress.line(f"test accuracy: {tested['accuracy']:.2%}")
        progress.line(f"time: {seconds:.1f} s")
        progress.line(f"written to {output_dir}: {', '.join([*FILES, LOGS])}")
    return result


def writable(output_dir):
    """The directory as a path, made if need be; `OSError` if nothing can be written there."""
    path = pathlib.Path(output_dir)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise OSError(
            f"The output directory must be writable. Received: output_dir={str(output_dir)!r} "
            f"({error.strerror}). Name another with --output_dir."
        ) from error


def versions():
    """What the figures depend on besides the recipe."""
    return {
        "tf_recipes": tf_recipes.__version__,
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _build(recipe, port):
    # At batch 50 on two CPU cores an epoch of best_practice takes 3 s like this, 4 s with one step
    # per execution. Under XLA (jit_compile=True) dropout's random numbers take 20 to 50 s; recipes
    # without dropout pay about 1 s to compile and then take 1.5 s an epoch instead of 1.9 s.
    return models.build(recipe, port, jit_compile=False, steps_per_execution=STEPS_PER_EXECUTION)


def _splits(data, dtype):
    """(images, labels) three times: training, validation, test; pixels in [0, 1]."""
    held_out = len(data.train_labels) // VALIDATION_SHARE
    if held_out < 1:
        validation.fail(
            f"Training needs at least {VALIDATION_SHARE} images: a tenth is held out.",
            f"{len(data.train_labels)} training images",
            "Give more.",
        )
    images = mnist.pixels(data.train_images, dtype)
    return (
        (images[:-held_out], data.train_labels[:-held_out]),
        (images[-held_out:], data.train_labels[-held_out:]),
        (mnist.pixels(data.test_images, dtype), data.test_labels),
    )


def _fit(model, recipe, training, held_out, epochs, output_dir, progress):
    """The history of losses and accuracies, and the seconds it took."""
    started = time.perf_counter()
    fitted = model.fit(
        *training,
        batch_size=recipe.batch_size,
        epochs=epochs,
        validation_data=held_out,
        validation_batch_size=EVALUATION_BATCH,
        verbose=0,
        callbacks=[progress, keras.callbacks.TensorBoard(_fresh_logs(output_dir))],
    )
    history = {key: [float(value) for value in fitted.history[key]] for key in fitted.history}
    return history, time.perf_counter() - started


def _fresh_logs(output_dir):
    """The directory for TensorBoard, without the events of an earlier run, which would mix."""
    logs = output_dir / LOGS
    for events in logs.glob("*/events.out.tfevents.*"):
        events.unlink()
    return str(logs)


def _write(model, result, output_dir):
    """All files or none: they are finished beside their places, then renamed."""
    with tempfile.TemporaryDirectory(dir=output_dir, prefix=".partial-") as partial:
        model_path, curves_path, history_path = (pathlib.Path(partial, name) for name in FILES)
        model.save(model_path)
        learning_curves.plot(result, curves_path)
        history_path.write_text(json.dumps(result, indent=2) + "\n")
        for name in FILES:
            os.replace(pathlib.Path(partial, name), output_dir / name)
