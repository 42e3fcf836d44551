"""Finds the dropout layers inside any model, and makes them draw masks in evaluation."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from tf_recipes._support import validation
from tf_recipes.blocks.dropout import Dropout

LAYERS = keras.layers
DROPOUTS = (Dropout, LAYERS.Dropout, LAYERS.GaussianDropout, LAYERS.AlphaDropout)
CELLS = (LAYERS.LSTMCell, LAYERS.GRUCell, LAYERS.SimpleRNNCell)


@contextlib.contextmanager
def drawing(
    layers: Sequence[keras.layers.Layer], seed: np.random.SeedSequence
) -> Iterator[list[keras.layers.Layer]]:
    """Makes `layers` draw masks from `seed` for any value of `training`, inside the block.

    The layers' random generators are restored afterwards.

    Args:
        layers: dropout layers, from `inside`.
        seed: the seed of all masks of the block.

    Yields:
        A list that gets each layer when the layer has drawn.
    """
    drawn: list[keras.layers.Layer] = []
    states = [layer.seed_generator.state for layer in layers]
    before = [np.array(keras.ops.convert_to_numpy(state)) for state in states]
    try:
        for layer, state, word in zip(
            layers, states, seed.generate_state(len(layers)), strict=True
        ):
            state.assign(np.array([word % 2**31, 0], before[0].dtype))
            layer.call = _in_training(layer, drawn)
        yield drawn
    finally:
        for layer, state, value in zip(layers, states, before, strict=True):
            vars(layer).pop("call", None)
            state.assign(value)


def _in_training(layer: keras.layers.Layer, drawn: list[keras.layers.Layer]) -> Callable[..., Any]:
    """Returns a `call` that runs the layer in training mode, and adds the layer to `drawn`."""
    original = layer.call

    def call(inputs, training=None, **others):
        if keras.backend.backend() == "tensorflow" and not hasattr(inputs, "numpy"):
            # A function compiled now would draw masks at each later call, too.
            validation.fail(
                "The model's `call` must not be compiled.",
                f"a tf.function around the layer {layer.name!r}",
                "Remove tf.function; `fit` and `predict` compile the model by themselves.",
            )
        drawn.append(layer)
        return original(inputs, training=True, **others)

    return call


def inside(model: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Returns the layers inside `model` that drop something, in a fixed order.

    Raises:
        ValueError: for a model without such a layer, or with a layer that drops by an argument.
    """
    layers = list(_nested_layers(model, {}))
    for layer in layers:
        if isinstance(layer, CELLS) and (layer.dropout or layer.recurrent_dropout):
            validation.fail(
                "Monte-Carlo dropout cannot draw dropout inside recurrent cells.",
                f"the cell {layer.name!r} with dropout={layer.dropout}, "
                f"recurrent_dropout={layer.recurrent_dropout}",
                "Set both to 0, and put dropout layers between the recurrent layers.",
            )
    for layer in layers:
        if not isinstance(layer, (*DROPOUTS, *CELLS)) and _drops_by_argument(layer):
            validation.fail(
                "Monte-Carlo dropout cannot draw dropout that another kind of layer does inside.",
                f"the layer {layer.name!r}, a {type(layer).__name__} with dropout",
                "Set its dropout to 0, and put dropout layers between the layers.",
            )
    dropouts = [layer for layer in layers if isinstance(layer, DROPOUTS) and _drops(layer)]
    if not dropouts:
        validation.fail(
            "Monte-Carlo dropout needs a model with a dropout layer that drops something.",
            f"the model {model.name!r} of {len(layers)} layers without one",
            "Add a layer such as keras.layers.Dropout(0.5), and train the model with it.",
        )
    return dropouts


def _drops_by_argument(layer: keras.layers.Layer) -> bool:
    """Returns whether an argument of the layer sets a dropout, as in `keras.layers.Attention`."""
    rates = (getattr(layer, name, 0) for name in ("dropout", "recurrent_dropout"))
    drops = any(isinstance(rate, int | float) and rate > 0 for rate in rates)
    # Multi-head attention passes its argument to a dropout layer inside.
    return drops and not any(isinstance(each, DROPOUTS) for each in _nested_layers(layer, {}))


def _drops(layer: keras.layers.Layer) -> bool:
    return layer.keep_prob < 1 if isinstance(layer, Dropout) else layer.rate > 0


def _nested_layers(value: Any, seen: dict[int, Any]) -> Iterator[keras.layers.Layer]:
    """Yields the layers in `value`, a layer or a container, and in its attributes, each once.

    Args:
        value: anything.
        seen: `{id: layer}` of the layers that were yielded. The reference keeps an id unique.
    """
    if isinstance(value, keras.layers.Layer):
        if id(value) not in seen:
            seen[id(value)] = value
            yield value
            yield from _nested_layers(vars(value), seen)
    elif isinstance(value, (dict, list, tuple, set)):
        for each in list(value.values() if isinstance(value, dict) else value):
            yield from _nested_layers(each, seen)
