"""Tries other activations in the first layer that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras

from tf_recipes.blocks.activations import leaky_relu
from tf_recipes.verify.bench.substitution import FORWARD, Case, Substitution, by_place


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
    """Yields other activations for the layers up to the first one whose outputs differ.

    A layer without activation may give what TF1 has before its activation, so that the next layer
    is the first to differ. Layers that have one activation in common are tried together, too,
    since a port has often one function for all of them.
    """
    if case.stage != FORWARD:
        return
    for group in _groups(case):
        first = group[0]
        if isinstance(first, keras.layers.LeakyReLU):
            for slope in (0.2, 0.01, 0.1):
                yield _slope(case, group, slope)
            continue
        for word, (function, code) in _ACTIVATIONS.items():
            if getattr(first, "activation", None) is not function:
                yield _changed(case, group, word, function, code)


def _groups(case: Case) -> Iterator[list[Any]]:
    """Yields the layers to change: the suspects one by one, then each with all that are like it."""
    kinds = (keras.layers.ELU, keras.layers.ReLU, keras.layers.LeakyReLU)
    layers = [
        each
        for each in case.layers(keras.layers.Layer)
        if isinstance(each, kinds) or callable(getattr(each, "activation", None))
    ]
    outputs = {each.output for each in case.result.outputs}
    order = {each.layer: k for k, each in enumerate(case.result.layers)}
    last = order.get(case.first_layer or "", len(order))
    suspects = [each for each in layers if order.get(each.name, last + 1) <= last][-2:]
    for suspect in reversed(suspects):
        alike = [e for e in layers if _kind(e) == _kind(suspect) and e.name not in outputs]
        if len(alike) > 1:
            yield alike
        yield [suspect]


def _kind(layer: Any) -> tuple[Any, ...]:
    """Returns what layers with one activation have in common."""
    activation = getattr(layer, "activation", None)
    return type(layer), activation, getattr(layer, "negative_slope", None)


def _changed(
    case: Case, group: list[Any], word: str, function: Callable[[Any], Any], code: str
) -> Substitution:
    names, first = ", ".join(repr(each.name) for each in group), group[0]
    has = getattr(first, "activation", None)
    before = getattr(has, "__name__", type(first).__name__)
    plain = before == "linear" and word == "relu"

    def change(model: keras.Model, _: Any) -> None:
        for original in group:
            layer = by_place(model, case.model, original)
            if has is not None:
                layer.activation = function
            else:
                object.__setattr__(layer, "call", function)

    text = f"give {names} the activation {word}; the port has {before}"
    if plain:
        text += ". contrib's fully_connected and conv2d have ReLU by default"
    if has is None:
        code = f"keras.layers.Activation({code.removeprefix('activation=')})"
    name = "relu_default" if plain else "activation"
    return Substitution(name, text, code, change, first.name)


def _slope(case: Case, group: list[Any], slope: float) -> Substitution:
    def change(model: keras.Model, _: Any) -> None:
        for original in group:
            by_place(model, case.model, original).negative_slope = slope

    names = ", ".join(repr(each.name) for each in group)
    text = f"give {names} the slope {slope}; the port has {group[0].negative_slope}"
    code = f"keras.layers.LeakyReLU(negative_slope={slope})"
    return Substitution("activation", text, code, change, group[0].name)
