"""Finds the layers inside any Keras model, and records their outputs while it runs."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import keras

SATURATING = {"sigmoid": 1.0, "tanh": 2.0}  # activation -> width of its range
RECTIFYING = {"relu": "dead", "relu6": "dead", "leaky_relu": "asleep", "elu": "asleep"}


def leaves(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """Returns `{name: layer}` of the layers without inner layers, in the order of the model.

    The name of a layer inside a nested model is its own name. If several layers have this name, the
    names of the models around the layer are put in front.

    Args:
        model: a `keras.Model`.

    >>> inner = keras.Sequential([keras.layers.Dense(2, name="a")], name="inner")
    >>> outer = keras.Sequential([inner, keras.layers.Dense(1, name="a")])
    >>> list(leaves(outer))
    ['inner/a', 'a']
    """
    found = list(_walk(model, "", set()))
    names = [layer.name for _, layer in found]
    return {layer.name if names.count(layer.name) == 1 else path: layer for path, layer in found}


def _walk(
    model: keras.Model, prefix: str, seen: set[int]
) -> Iterator[tuple[str, keras.layers.Layer]]:
    """Yields path and layer of each leaf, without input layers; `seen` has the ids of layers."""
    for layer in model.layers:
        path = f"{prefix}{layer.name}"
        if id(layer) in seen or isinstance(layer, keras.layers.InputLayer):
            continue
        seen.add(id(layer))
        if getattr(layer, "layers", None):
            yield from _walk(layer, f"{path}/", seen)
        else:
            yield path, layer


def activation(layer: keras.layers.Layer) -> str | None:
    """Returns the name of a layer's activation, such as `"relu"`; None without a known activation.

    >>> activation(keras.layers.Dense(1, "tanh")), activation(keras.layers.LeakyReLU())
    ('tanh', 'leaky_relu')
    """
    if isinstance(layer, keras.layers.RNN):
        return None  # its outputs are the activation's values times a gate
    if isinstance(layer, keras.layers.ReLU):
        return "leaky_relu" if layer.negative_slope else "relu"
    kinds = {keras.layers.LeakyReLU: "leaky_relu", keras.layers.ELU: "elu"}
    for kind, kind_name in kinds.items():
        if isinstance(layer, kind):
            return kind_name
    inner = getattr(layer, "activation", None)
    if isinstance(inner, keras.layers.Layer):
        return activation(inner)
    name = getattr(inner, "__name__", None)
    return name if name in SATURATING or name in RECTIFYING else None


class Outputs(dict[str, list[Any]]):
    """Holds the recorded outputs, `{name: [outputs, ...]}`.

    Args:
        names: names of the layers.

    Attributes:
        order: list of names, in the order of the calls.
    """

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__({name: [] for name in names})
        self.order: list[str] = []

    def note(self, name: str, output: Any) -> None:
        """Records the output of one call of a layer, a tensor or a structure of tensors."""
        self[name].extend(each for each in keras.tree.flatten(output) if each is not None)
        self.order.append(name)


@contextlib.contextmanager
def recording(layers: Mapping[str, keras.layers.Layer]) -> Iterator[Outputs]:
    """Records the layers' outputs inside the block: yields `Outputs`.

    Every call of a shared layer is recorded. Inside a function that is being traced, the outputs
    are tensors of its graph.

    Args:
        layers: `{name: layer}`.
    """
    recorded = Outputs(layers)
    before = {name: vars(layer).get("call") for name, layer in layers.items()}
    for name, layer in layers.items():
        layer.call = _recorded(layer.call, name, recorded)
    try:
        yield recorded
    finally:
        for name, layer in layers.items():
            if before[name] is None:
                del layer.call
            else:
                layer.call = before[name]


def _recorded(call: Callable[..., Any], name: str, recorded: Outputs) -> Callable[..., Any]:
    """Returns a function that does what `call` does, and records its output."""

    def call_and_record(*args, **kwargs):
        output = call(*args, **kwargs)
        recorded.note(name, output)
        return output

    return call_and_record
