"""Finds the step and the layer in which a figure became infinite or not a number."""

import math
from collections.abc import Mapping
from typing import Any, NoReturn

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tf_recipes.training import backend, variable_state
from tf_recipes.training.feed import Feed
from tf_recipes.training.run_state import RunState

REMEDY = "Pass a lower `learning_rate` and another `output_dir`."

_Arrays = Mapping[str, NDArray[Any]]


class Guard:
    """Finds the first bad step and its layer, saves the last good weights, and raises an error.

    Training checks its figures once per chunk, which takes no measurable time. Only here the steps
    of the bad chunk run again, one by one. They give the same bits, so that the first bad step is
    found.

    The last good weights are the weights before the first step whose loss is not finite, or whose
    update makes a weight or a statistic infinite or not a number.

    Args:
        model: a `FastFitModel`.
        run_state: the `RunState` of the run.
        feed: the `Feed` whose metrics or weights are not finite.
        epochs: int, the number of epochs, for the error text.
    """

    def __init__(self, model: keras.Model, run_state: RunState, feed: Feed, epochs: int) -> None:
        self._model, self._run_state, self._feed = model, run_state, feed
        self._epoch = f"epoch {run_state.epoch + 1}/{epochs}"

    def fail(self, rows: NDArray[Any], start: int, stop: int, before: _Arrays) -> NoReturn:
        """Saves the last good weights of a bad chunk of training, and raises the error.

        Args:
            rows: int64 (n,), the order of the epoch.
            start: int, the first step of the chunk.
            stop: int, the last step of the chunk + 1.
            before: `{name: array}`, the variables before the chunk.

        Raises:
            FloatingPointError: always; the text names the step, the layer and the learning rate.
        """
        step, loss, before, after = self._first_bad(rows, start, stop, before)
        self._run_state.rewind(step, before)
        rate = variable_state.learning_rate(self._model)
        x, y = self._feed.batch(rows, step)
        where = first_bad_layer(self._model, x, y, training=True)
        # `first_bad_layer` drew dropout masks and updated moving averages.
        self._run_state.rewind(step, before)
        path = self._run_state.save()
        raise FloatingPointError(
            f"{_symptom(loss)} in step {self._run_state.total_steps + 1} ({self._epoch}, step "
            f"{step + 1} of {self._feed.steps}): {where or _first_bad_weight(after)}; learning "
            f"rate {rate:.6g}. The last good weights, from before that step, are in {path}. "
            f"{REMEDY}"
        )

    def fail_validation(self, rows: NDArray[Any], loss: float) -> NoReturn:
        """Saves the weights after an epoch whose validation loss is bad, and raises the error.

        Args:
            rows: int64 (n,), the order of the validation rows.
            loss: float, the validation loss.

        Raises:
            FloatingPointError: always; the text names the epoch, the layer and the learning rate.
        """
        batches = (self._feed.batch(rows, step) for step in range(self._feed.steps))
        layers = (first_bad_layer(self._model, x, y, training=False) for x, y in batches)
        where = next(filter(None, layers), "in no layer by itself")
        path = self._run_state.save()
        raise FloatingPointError(
            f"The validation loss became {loss} after step {self._run_state.total_steps} "
            f"({self._epoch}): {where}; "
            f"learning rate {variable_state.learning_rate(self._model):.6g}. "
            f"The weights, all finite, are in {path}. {REMEDY}"
        )

    def _first_bad(
        self, rows: NDArray[Any], start: int, stop: int, before: _Arrays
    ) -> tuple[int, float, _Arrays, _Arrays]:
        """Returns the first bad step, its loss, and the variables before and after this step."""
        self._run_state.rewind(start, before)
        for step in range(start, stop):
            loss = self._feed(rows, step, step + 1)["loss"]
            self._run_state.record_step(step + 1)
            after = self._run_state.arrays
            if not (math.isfinite(loss) and variable_state.all_finite(after)):
                break
            before, last_before = after, before
        else:  # only if the second run had other bits than the first: take the last step
            before = last_before
        return step, loss, before, after


def first_bad_layer(model: keras.Model, x: ArrayLike, y: ArrayLike, training: bool) -> str | None:
    """Returns a text that says where a batch first becomes infinite or not a number, or None.

    The layers' outputs are checked in their order, then the loss. In training the gradients follow,
    in the order of their computation, from the last layer to the first.

    Args:
        model: a compiled, functional `keras.Model`.
        x: the images of the batch.
        y: the labels of the batch.
        training: whether the layers run as in training.
    """
    layers = [layer for layer in model.layers if hasattr(layer, "output")]
    probe = keras.Model(model.input, [[layer.output for layer in layers], model.output])
    outputs, loss, gradients = backend.module().gradients(model, probe, x, y, training)
    for layer, output in zip(layers, outputs, strict=True):
        if not _finite(output):
            return f"first in the output of layer {layer.name}"
    if not _finite(loss):
        return "first in the loss itself, as every layer's output is finite"
    if not training:
        return None
    for variable, gradient in zip(model.trainable_variables[::-1], gradients[::-1], strict=True):
        if gradient is not None and not _finite(gradient):
            return f"first in the gradient of {variable.path}"
    return None


def _first_bad_weight(arrays: _Arrays) -> str:
    bad = [name for name, array in arrays.items() if not variable_state.all_finite({name: array})]
    names = [name.split("/", 2)[2] for name in bad]
    return f"first in the update of {names[0]}" if names else "in no layer by itself"


def _finite(tensor: Any) -> bool:
    return bool(np.isfinite(keras.ops.convert_to_numpy(tensor)).all())


def _symptom(loss: float) -> str:
    if math.isfinite(loss):
        return f"The weights became infinite or not a number, at a loss of {loss:.4g},"
    return f"The loss became {loss}"
