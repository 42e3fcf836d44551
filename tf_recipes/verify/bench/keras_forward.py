"""Runs a Keras model in evaluation, and watches the calls of its layers."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.verify.bench.recurrent_cells import layers_in


def predict(model: keras.Model, x: Any) -> list[NDArray[Any]]:
    """Returns the model's outputs in evaluation, in order."""
    return list(keras.tree.flatten(nested_predictions(model, x)))


def nested_predictions(model: keras.Model, x: Any) -> Any:
    """Returns the model's outputs in evaluation, in the model's structure, such as a dict."""
    with errors_of_the_model("predict the rows", given_in_words(x)), without_noise(model):
        outputs = model(keras.tree.map_structure(ops.convert_to_tensor, x), training=False)
    return keras.tree.map_structure(lambda each: np.asarray(ops.convert_to_numpy(each)), outputs)


def layer_outputs(model: keras.Model, x: Any) -> list[tuple[str, str, NDArray[Any]]]:
    """Returns `[(layer's name, class, outputs)]` in evaluation, in the order of the calls."""
    return [(layer.name, type(layer).__name__, value) for layer, value in calls(model, x)]


def calls(model: keras.Model, x: Any) -> list[tuple[keras.layers.Layer, NDArray[Any]]]:
    """Returns `[(layer, outputs)]` in evaluation, for layers with one output, in call order."""
    found: list[tuple[keras.layers.Layer, NDArray[Any]]] = []

    def note(layer: keras.layers.Layer, outputs: Any) -> None:
        parts = keras.tree.flatten(outputs)
        if len(parts) == 1 and hasattr(parts[0], "shape"):
            found.append((layer, np.asarray(ops.convert_to_numpy(parts[0]))))

    with without_noise(model):
        watched(model, x, note, training=False)
    return found


@contextlib.contextmanager
def without_noise(model: keras.Model) -> Iterator[None]:
    """Lets layers add no normal noise, also those that do so in evaluation.

    Args:
        model: the model.
    """
    layers = [each for each in layers_in(model) if isinstance(each, keras.layers.GaussianNoise)]
    before = [each.stddev for each in layers]
    for each in layers:
        each.stddev = 0.0
    try:
        yield
    finally:
        for each, deviation in zip(layers, before, strict=True):
            each.stddev = deviation


def watched(model: keras.Model, x: Any, note: Callable[..., None], training: bool) -> None:
    """Calls the model, and `note(layer, outputs)` after the call of each layer inside it."""
    layers = [each for each in layers_in(model) if not isinstance(each, keras.layers.InputLayer)]
    kept = {id(each): each.__dict__.get("call") for each in layers}

    def wrapped(layer: keras.layers.Layer) -> Callable[..., Any]:
        call = layer.call

        @functools.wraps(call)
        def noting(*args: Any, **kwargs: Any) -> Any:
            outputs = call(*args, **kwargs)
            note(layer, outputs)
            return outputs

        return noting

    for layer in layers:
        object.__setattr__(layer, "call", wrapped(layer))
    try:
        with errors_of_the_model("take the rows in training" if training else "predict the rows"):
            model(keras.tree.map_structure(ops.convert_to_tensor, x), training=training)
    finally:
        for layer in layers:
            if kept[id(layer)] is None:
                object.__delattr__(layer, "call")
            else:
                object.__setattr__(layer, "call", kept[id(layer)])


@contextlib.contextmanager
def errors_of_the_model(can: str, given: str = "") -> Iterator[None]:
    """Makes one line of what a model raises, whatever its type.

    Args:
        can: what the model must be able to do.
        given: the shapes that it was given.
    """
    try:
        yield
    except Exception as error:
        text = shortened(_said(error), 300)
        validation.fail(
            f"The model must {can}.",
            f"{type(error).__name__}: {text}{given}",
            "Call the model with the same arrays by itself, and mend it"
            + (", or name what it takes with inputs, labels or sample_weight." if given else "."),
        )


def given_in_words(x: Any, y: Any = None, weight: Any = None) -> str:
    """Returns in words what a model is given, such as `; given x (8, 3), y [(8,), (8, 1)]`."""
    shapes = [keras.tree.map_structure(np.shape, each) for each in (x, y, weight)]
    names = ("x", "y", "sample_weight")
    said = [
        f"{name} {shape}"
        for name, shape, value in zip(names, shapes, (x, y, weight), strict=True)
        if value is not None
    ]
    return f"; given {', '.join(said)}"


def _said(error: Exception) -> str:
    """Returns an error's text in one line, without what Keras puts around that of a layer."""
    text = re.sub(r"\x1b\[\d*m", "", str(error)).partition("\n\nArguments received by")[0]
    text = re.sub(r"^Exception encountered when calling \S+\.\s+", "", text)
    return " ".join(text.split())
