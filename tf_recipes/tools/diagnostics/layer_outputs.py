"""The layers inside any Keras model, and what they put out while it runs."""

import contextlib

import keras

SATURATING = {"sigmoid": 1.0, "tanh": 2.0}  # activation -> width of its range
RECTIFYING = {"relu": "dead", "relu6": "dead", "leaky_relu": "asleep", "elu": "asleep"}


def leaves(model):
    """`{name: layer}` of the layers that hold no others, in the order in which the model has them.

    A layer inside a nested model keeps its own name unless another has it; then the names of the
    models around it are put in front.

    Args:
        model: a `keras.Model`.

    >>> inner = keras.Sequential([keras.layers.Dense(2, name="a")], name="inner")
    >>> outer = keras.Sequential([inner, keras.layers.Dense(1, name="a")])
    >>> list(leaves(outer))
    ['inner/a', 'a']
    """
    found = list(_walk(model, ""))
    names = [layer.name for _, layer in found]
    return {layer.name if names.count(layer.name) == 1 else path: layer for path, layer in found}


def _walk(model, prefix, seen=None):
    seen = set() if seen is None else seen
    for layer in model.layers:
        path = f"{prefix}{layer.name}"
        if id(layer) in seen or isinstance(layer, keras.layers.InputLayer):
            continue
        seen.add(id(layer))
        if getattr(layer, "layers", None):
            yield from _walk(layer, f"{path}/", seen)
        else:
            yield path, layer


def activation(layer):
    """The name of a layer's activation, such as `"relu"`; None if it has none that is known.

    >>> activation(keras.layers.Dense(1, "tanh")), activation(keras.layers.LeakyReLU())
    ('tanh', 'leaky_relu')
    """
    if isinstance(layer, keras.layers.RNN):
        return None  # what it puts out is the activation's times a gate
    if isinstance(layer, keras.layers.ReLU):
        return "leaky_relu" if layer.negative_slope else "relu"
    kinds = {keras.layers.LeakyReLU: "leaky_relu", keras.layers.ELU: "elu"}
    for kind, name in kinds.items():
        if isinstance(layer, kind):
            return name
    inner = getattr(layer, "activation", None)
    if isinstance(inner, keras.layers.Layer):
        return activation(inner)
    name = getattr(inner, "__name__", None)
    return name if name in SATURATING or name in RECTIFYING else None


class Outputs(dict):
    """`{name: [outputs, ...]}`.

    Attributes:
        order: list of names, in the order of the calls.
    """

    def __init__(self, names):
        super().__init__({name: [] for name in names})
        self.order = []

    def note(self, name, output):
        self[name].extend(each for each in keras.tree.flatten(output) if each is not None)
        self.order.append(name)


@contextlib.contextmanager
def recording(layers):
    """Notes what the layers put out while the block runs: yields `Outputs`.

    A shared layer puts out something at every call. Inside a function that is being traced these
    are its graph's tensors.

    Args:
        layers: `{name: layer}`.
    """
    seen = Outputs(layers)
    before = {name: vars(layer).get("call") for name, layer in layers.items()}
    for name, layer in layers.items():
        layer.call = _noting(layer.call, name, seen)
    try:
        yield seen
    finally:
        for name, layer in layers.items():
            if before[name] is None:
                del layer.call
            else:
                layer.call = before[name]


def _noting(call, name, seen):
    def noting(*args, **kwargs):
        output = call(*args, **kwargs)
        seen.note(name, output)
        return output

    return noting
