"""Finds the layers of a model by name, also inside nested models, and compares them."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import keras

from tf_recipes._support import validation


def walk(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """Yields (name, layer) of every layer; a nested model comes before its layers."""
    for layer in model.layers:
        yield prefix + layer.name, layer
        if is_nested(layer):
            yield from walk(layer, f"{prefix}{layer.name}/")


def is_nested(layer: keras.layers.Layer) -> bool:
    """Checks that a layer is a model whose weights all belong to its layers."""
    if not isinstance(layer, keras.Model):
        return False
    inner_weights = {id(weight) for inner in layer.layers for weight in inner.weights}
    return inner_weights.issuperset(map(id, layer.weights))


def layers_with_weights(field: str, model: Any) -> dict[str, keras.layers.Layer]:
    """Returns `{name: layer}` of the layers that have weights, each layer once.

    Args:
        field: name of the argument that holds the model, for the error text.
        model: a built `keras.Model`.

    Raises:
        ValueError: for a model that is not built, or two layers of the same name.
    """
    if not isinstance(model, keras.Model) or not model.built:
        validation.fail(
            f"`{field}` must be a built keras.Model.",
            f"{field}={model!r}",
            "Build it with a keras.Input, or call it on a batch first.",
        )
    layers: dict[str, keras.layers.Layer] = {}
    for name, layer in walk(model):
        if not layer.weights or is_nested(layer):
            continue
        if any(layer is known_layer for known_layer in layers.values()):
            continue
        if name in layers:
            validation.fail(
                "Layers with weights must have different names.",
                f"two layers {name!r} in `{field}`",
                "Pass a different name=... to each layer.",
            )
        layers[name] = layer
    return layers


def check_name(field: str, name: str, names: Collection[str]) -> str:
    """Checks that the model in the argument `field` has a layer of this name; returns the name.

    Raises:
        ValueError: for a name that is not in `names`.
    """
    if name not in names:
        validation.fail(
            f"`{field}` must have every layer that is named.",
            f"{name!r}, layers: {joined(names)}",
            "Use a name from this list; reuse_layers takes names={name in target: name in source}.",
        )
    return name


def joined(names: Iterable[str]) -> str:
    """Returns the names in quotes, separated by commas, or the word none."""
    return ", ".join(map(repr, names)) or "none"


def check_alike(
    name: str,
    layer: keras.layers.Layer,
    source_name: str,
    source_layer: keras.layers.Layer,
) -> None:
    """Checks that two layers have the same kind, and weights of the same names and shapes.

    Raises:
        ValueError: for layers that differ; the text describes both.
    """
    target_text, source_text = _description(layer), _description(source_layer)
    if target_text != source_text:
        validation.fail(
            "A reused layer must be of the same kind and shape in both models.",
            f"layer {name!r}: {target_text} in the target; "
            f"{source_name!r}: {source_text} in the source",
            "Build the target's layer like the source's, or reuse fewer layers.",
        )


def _description(layer: keras.layers.Layer) -> str:
    """Describes a layer by its kind and the names, dtypes and shapes of its weights."""
    # Keras numbers weights that were given no name: variable_7. The number means nothing.
    named = [(re.sub(r"^variable_\d+$", "variable", w.name), w) for w in layer.weights]
    weights = ", ".join(f"{name} {w.dtype} {tuple(w.shape)}" for name, w in named)
    return f"{keras.saving.get_registered_name(type(layer))} with {weights}"
