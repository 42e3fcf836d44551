"""Gives dropout layers, and layers of noise, what TF1 drew."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from tf_recipes.blocks.dropout import Dropout
from tf_recipes.verify.bench.keras_forward import watched
from tf_recipes.verify.bench.recurrent_cells import layers_in

Drawn = NDArray[Any]  # a mask, or normal numbers
# why a dropout layer draws its own mask
NO_MASK = "TF1 drew no mask of the shape that this layer draws"
OWN_CALL = "its class draws or scales by its own code, so that it cannot take TF1's masks"
_SPATIAL = (
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)


class Masks:
    """Gives the dropout layers of a model the masks of TF1, which no seed can repeat.

    Layers of normal noise get TF1's noise in the same way.

    Args:
        model: the model.
        x: the inputs of a batch.
        masks: `{tensor: mask}` of the first step.
        normal: `{tensor: normal numbers}` of the first step.

    The layers are taken in the order in which the model calls them, and each takes the next mask
    of the shape that the layer itself would draw. `left` are the masks that no layer takes, and
    `without` the layers that draw their own: `{layer: why}`.
    """

    def __init__(
        self,
        model: keras.Model,
        x: Any,
        masks: Mapping[str, Drawn],
        normal: Mapping[str, Drawn] = types.MappingProxyType({}),
    ) -> None:
        self.left = list(masks)
        self.without: dict[str, str] = {}
        self._variables: dict[str, keras.Variable] = {}
        self._match(model, x, masks, normal)
        # nothing is missing where TF1 keeps all: later steps show whether it does so in each
        self.left = [name for name in self.left if not np.asarray(masks[name]).all()]

    def _match(
        self, model: keras.Model, x: Any, masks: Mapping[str, Drawn], normal: Mapping[str, Drawn]
    ) -> None:
        if not any(_draws(layer) for layer in layers_in(model)):
            return
        noise = list(normal)
        for layer, shape in _called(model, x):
            if not _takes_masks(layer):
                self.without[layer.name] = OWN_CALL
                continue
            is_noise = isinstance(layer, keras.layers.GaussianNoise)
            wanted = shape if is_noise else _drawn_shape(layer, shape)
            left, there = (noise, normal) if is_noise else (self.left, masks)
            name = next((n for n in left if _shape(there[n]) == _without_ones(wanted)), None)
            if name is None:
                self.without[layer.name] = NO_MASK
                continue
            left.remove(name)
            value = np.asarray(there[name], None if is_noise else bool)
            drawn = keras.Variable(value, trainable=False, dtype=value.dtype.name)
            self._variables[name] = drawn
            _inject(layer, drawn)

    def set(self, drawn: Mapping[str, Drawn]) -> None:
        """Sets the masks, and the noise, of the next step."""
        for name, variable in self._variables.items():
            variable.assign(np.asarray(drawn[name], variable.dtype))


def _called(model: keras.Model, x: Any) -> list[tuple[keras.layers.Layer, tuple[int, ...]]]:
    """Returns the layers that draw, in the order of their calls, with their outputs' shapes."""
    found = []

    def note(layer: keras.layers.Layer, outputs: Any) -> None:
        if _draws(layer):
            found.append((layer, tuple(outputs.shape)))

    before = [np.copy(ops.convert_to_numpy(v)) for v in model.variables]
    watched(model, x, note, training=True)
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    return found


def _draws(layer: keras.layers.Layer) -> bool:
    """Returns whether a layer drops entries, or adds noise to them."""
    if isinstance(layer, keras.layers.GaussianNoise):
        return bool(layer.stddev > 0)
    return _is_dropout(layer)


def _is_dropout(layer: keras.layers.Layer) -> bool:
    if isinstance(layer, Dropout):
        return layer.keep_prob < 1
    return isinstance(layer, (keras.layers.Dropout, *_SPATIAL)) and layer.rate > 0


def _takes_masks(layer: keras.layers.Layer) -> bool:
    """Returns whether a layer computes as its library's class, but for the mask.

    A class of the user's may scale or draw in another way, which a mask of TF1 must not hide.
    """
    call = layer.__dict__.get("call", type(layer).call)
    if isinstance(layer, Dropout):
        return type(layer).draw_mask is Dropout.draw_mask
    kinds = (keras.layers.Dropout, *_SPATIAL, keras.layers.GaussianNoise)
    return hasattr(call, "injected") or getattr(call, "func", call) in [k.call for k in kinds]


def _drawn_shape(layer: keras.layers.Layer, outputs: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape of the mask that a layer draws for outputs of some shape."""
    if isinstance(layer, _SPATIAL):
        first = getattr(layer, "data_format", None) == "channels_first"
        channel = 1 if first else len(outputs) - 1
        return tuple(n if k in (0, channel) else 1 for k, n in enumerate(outputs))
    noise = layer.noise_shape
    if noise is None:
        return outputs
    whole = (1,) * (len(outputs) - len(noise)) + tuple(noise)
    return tuple(n if w is None else w for n, w in zip(outputs, whole, strict=True))


def _inject(layer: keras.layers.Layer, drawn: keras.Variable) -> None:
    """Makes a layer compute with a mask, or with normal numbers, as it would with its own."""
    if isinstance(layer, Dropout):
        object.__setattr__(layer, "draw_mask", lambda inputs: ops.cast(drawn, "bool"))
        return

    def call(inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        if isinstance(layer, keras.layers.GaussianNoise):
            return inputs + layer.stddev * ops.cast(drawn, inputs.dtype) if layer.stddev else inputs
        kept = ops.cast(drawn, "bool")
        return ops.where(kept, inputs / (1 - layer.rate), ops.zeros_like(inputs))

    call.injected = True  # type: ignore[attr-defined]  # a model may be trained again
    object.__setattr__(layer, "call", call)


def _shape(mask: Drawn) -> tuple[int, ...]:
    return _without_ones(np.shape(mask))


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns a shape without the leading axes of one entry, which broadcasting adds."""
    first = next((k for k, n in enumerate(shape) if n != 1), len(shape))
    return shape[first:]
