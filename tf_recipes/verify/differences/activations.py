"""Tries other activations in the first layer that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras

from tf_recipes.blocks.activations import leaky_relu
from tf_recipes.verify.substitution import FORWARD, Case, Substitution, by_place

PAGE = "docs/recipes/activations.md"


def _tf1_leaky_relu(z: Any) -> Any:
    return keras.ops.leaky_relu(z, negative_slope=0.2)


# what may stand in a port -> the code to write
_ACTIVATIONS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "linear": (keras.activations.linear, "activation=None"),
    "relu": (keras.activations.relu, 'activation="relu"'),
    "leaky_relu 0.2": (
        _tf1_leaky_relu,
        "activation=lambda z: keras.ops.leaky_relu(z, negative_slope=0.2)",
    ),
    "leaky_relu 0.01": (leaky_relu, "activation=tf_recipes.leaky_relu"),
    "elu": (keras.activations.elu, 'activation="elu"'),
    "selu": (keras.activations.selu, 'activation="selu"'),
    "tanh": (keras.activations.tanh, 'activation="tanh"'),
    "sigmoid": (keras.activations.sigmoid, 'activation="sigmoid"'),
    "softplus": (keras.activations.softplus, 'activation="softplus"'),
    "softsign": (keras.activations.softsign, 'activation="softsign"'),
    "relu6": (keras.activations.relu6, 'activation="relu6"'),
    "swish": (keras.activations.silu, 'activation="silu"'),
    "softmax": (keras.activations.softmax, 'activation="softmax"'),
}


def substitutions(case: Case) -> Iterator[Substitution]:
    """Yields each activation for the first layer whose outputs differ."""
    if case.stage != FORWARD:
        return
    for layer in case.layers(keras.layers.Layer):
        if layer.name != case.first_layer:
            continue
        if isinstance(layer, keras.layers.LeakyReLU):
            yield from (_slope(case, layer, slope) for slope in (0.2, 0.01, 0.1))
        elif callable(getattr(layer, "activation", None)):
            for word, (function, code) in _ACTIVATIONS.items():
                if layer.activation is not function:
                    yield _activation(case, layer, word, function, code)
        elif isinstance(layer, keras.layers.ELU | keras.layers.ReLU):
            for word, (function, code) in _ACTIVATIONS.items():
                yield _called(case, layer, word, function, code)


def _activation(
    case: Case, layer: Any, word: str, function: Callable[[Any], Any], code: str
) -> Substitution:
    before = getattr(layer.activation, "__name__", str(layer.activation))
    plain = before == "linear" and word == "relu"
    name = "relu_default" if plain else "activation"

    def change(model: keras.Model, _: Any) -> None:
        by_place(model, case.model, layer).activation = function

    text = f"give layer {layer.name!r} the activation {word}; it has {before}"
    if plain:
        text += ". contrib's fully_connected and conv2d have ReLU by default"
    return Substitution(name, text, code, PAGE, change, layer.name)


def _slope(case: Case, layer: Any, slope: float) -> Substitution:
    def change(model: keras.Model, _: Any) -> None:
        by_place(model, case.model, layer).negative_slope = slope

    text = f"give layer {layer.name!r} the slope {slope}; it has {layer.negative_slope}"
    code = f"keras.layers.LeakyReLU(negative_slope={slope})"
    return Substitution("activation", text, code, PAGE, change, layer.name)


def _called(
    case: Case, layer: Any, word: str, function: Callable[[Any], Any], code: str
) -> Substitution:
    def change(model: keras.Model, _: Any) -> None:
        object.__setattr__(by_place(model, case.model, layer), "call", function)

    text = f"compute {word} in layer {layer.name!r}, which is a {type(layer).__name__}"
    code = f"keras.layers.Activation({code.removeprefix('activation=')})"
    return Substitution("activation", text, code, PAGE, change, layer.name)
