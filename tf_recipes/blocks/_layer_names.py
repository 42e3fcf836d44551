"""The layers of a model by name, those of nested models too, and what they hold."""

import re

import keras

from tf_recipes._support import validation


def walk(model, prefix=""):
    """(name, layer) of every layer; a nested model comes before its layers."""
    for layer in model.layers:
        yield prefix + layer.name, layer
        if is_nested(layer):
            yield from walk(layer, f"{prefix}{layer.name}/")


def is_nested(layer):
    """Whether it is a model all of whose weights are those of its layers."""
    if not isinstance(layer, keras.Model):
        return False
    inner = {id(weight) for each in layer.layers for weight in each.weights}
    return inner.issuperset(map(id, layer.weights))


def with_weights(field, model):
    """`{name: layer}` of the layers that count, each once."""
    if not isinstance(model, keras.Model) or not model.built:
        validation.fail(
            f"`{field}` must be a built keras.Model.",
            f"{field}={model!r}",
            "Give it a keras.Input, or call it on a batch first.",
        )
    found = {}
    for name, layer in walk(model):
        if not layer.weights or is_nested(layer) or any(layer is each for each in found.values()):
            continue
        if name in found:
            validation.fail(
                "Layers are told apart by their names.",
                f"two layers {name!r} in `{field}`",
                "Name each layer.",
            )
        found[name] = layer
    return found


def known(field, name, names):
    if name not in names:
        validation.fail(
            f"`{field}` must have every layer that is named.",
            f"{name!r}, layers: {listed(names)}",
            "Name one of them; reuse_layers takes names={name in target: name in source}.",
        )
    return name


def listed(names):
    return ", ".join(map(repr, names)) or "none"


def check_alike(name, layer, source_name, source_layer):
    here, there = _described(layer), _described(source_layer)
    if here != there:
        validation.fail(
            "A reused layer must be of the same kind and shape in both models.",
            f"layer {name!r}: {here} in the target; {source_name!r}: {there} in the source",
            "Build the target's layer alike, or reuse fewer layers.",
        )


def _described(layer):
    """Its kind, and names, dtypes and shapes of its weights."""
    # Keras numbers the weights that were given no name.
    named = [(re.sub(r"^variable_\d+$", "variable", w.name), w) for w in layer.weights]
    weights = ", ".join(f"{name} {w.dtype} {tuple(w.shape)}" for name, w in named)
    return f"{keras.saving.get_registered_name(type(layer))} with {weights}"
