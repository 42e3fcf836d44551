"""The layers inside any model that drop something, and a way to have them draw in evaluation."""

import contextlib

import keras
import numpy as np

from tf_recipes._support import validation
from tf_recipes.blocks.dropout import Dropout

LAYERS = keras.layers
DROPOUTS = (Dropout, LAYERS.Dropout, LAYERS.GaussianDropout, LAYERS.AlphaDropout)
CELLS = (LAYERS.LSTMCell, LAYERS.GRUCell, LAYERS.SimpleRNNCell)


@contextlib.contextmanager
def drawing(layers, seed):
    """Has `layers` draw, from `seed`, whatever `training` says; yields a list of those that did."""
    drawn, states = [], [layer.seed_generator.state for layer in layers]
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


def _in_training(layer, drawn):
    original = layer.call

    def call(inputs, training=None, **others):
        if keras.backend.backend() == "tensorflow" and not hasattr(inputs, "numpy"):
            validation.fail(  # or what is compiled now would draw for ever
                "The model's `call` must not be compiled.",
                f"a tf.function around the layer {layer.name!r}",
                "Take tf.function off; `fit` and `predict` compile the model by themselves.",
            )
        drawn.append(layer)
        return original(inputs, training=True, **others)

    return call


def inside(model):
    """The layers inside `model` that drop something, in a fixed order."""
    layers = list(_inside(model, {}))
    for layer in layers:
        if isinstance(layer, CELLS) and (layer.dropout or layer.recurrent_dropout):
            validation.fail(
                "Dropout inside recurrent cells cannot be drawn.",
                f"the cell {layer.name!r} with dropout={layer.dropout}, "
                f"recurrent_dropout={layer.recurrent_dropout}",
                "Put dropout layers between the layers.",
            )
    for layer in layers:
        if not isinstance(layer, (*DROPOUTS, *CELLS)) and _has_its_own(layer):
            validation.fail(
                "Dropout that a layer does by itself cannot be drawn.",
                f"the layer {layer.name!r}, a {type(layer).__name__} with dropout",
                "Set its dropout to 0, and put dropout layers between the layers.",
            )
    found = [layer for layer in layers if isinstance(layer, DROPOUTS) and _drops(layer)]
    if not found:
        validation.fail(
            "Monte-Carlo dropout needs a model with a dropout layer that drops something.",
            f"the model {model.name!r} of {len(layers)} layers without one",
            "Add keras.layers.Dropout(0.5), say, and train with it.",
        )
    return found


def _has_its_own(layer):
    """Whether it drops by an argument, as `keras.layers.Attention` and ConvLSTM cells do."""
    rates = (getattr(layer, name, 0) for name in ("dropout", "recurrent_dropout"))
    drops = any(isinstance(rate, int | float) and rate > 0 for rate in rates)
    # multi-head attention hands its argument to a dropout layer inside
    return drops and not any(isinstance(each, DROPOUTS) for each in _inside(layer, {}))


def _drops(layer):
    return layer.keep_prob < 1 if isinstance(layer, Dropout) else layer.rate > 0


def _inside(value, seen):
    """Yields the layers in `value`, a layer or a container, and in their attributes, once each."""
    if isinstance(value, keras.layers.Layer):
        if id(value) not in seen:
            seen[id(value)] = value
            yield value
            yield from _inside(vars(value), seen)
    elif isinstance(value, (dict, list, tuple, set)):
        for each in list(value.values() if isinstance(value, dict) else value):
            yield from _inside(each, seen)
