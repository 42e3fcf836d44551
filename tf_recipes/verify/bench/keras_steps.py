"""Trains a Keras model step by step, with the masks that dropout drew in TF1."""

from __future__ import annotations

import contextlib
import functools
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.blocks.dropout import Dropout
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


def train(
    model: keras.Model,
    batches: Sequence[tuple[Any, Any, Any]],
    masks: Masks | None,
    drawn: Sequence[Mapping[str, Drawn]],
    after: Callable[[int], object],
) -> NDArray[Any]:
    """Trains the model by `fit`, a step for each batch; returns the losses before each step.

    Args:
        model: a compiled model.
        batches: `(x, y, sample weights or None)` of each step.
        masks: what sets the masks, or None.
        drawn: the masks, and the noise, of each step.
        after: called with the step's number, from 1, after each step.

    Raises:
        ValueError: if the model does not train on such batches.
    """
    model.jit_compile = False  # to compile a program costs more than a few steps of it
    model.steps_per_execution = 1
    losses: list[float] = []
    for first, last in _calls(len(batches)):
        watch = _EachStep(masks, drawn[first:last], first, after)
        given = _given(*batches[first])
        with errors_of_the_model("train on the batches", given), _reads_before_updates():
            model.fit(
                (_packed(*batch) for batch in batches[first:last]),
                steps_per_epoch=last - first,
                shuffle=False,
                verbose=0,
                callbacks=[watch],
            )
        losses += watch.finish()
    return np.array(losses)


@contextlib.contextmanager
def _reads_before_updates() -> Iterator[None]:
    """Lets each step read a variable before its update, also under the optimizers of Keras.

    TensorFlow's dependency optimizer takes this order away where Keras joins all gradients in an
    `IdentityN`; see `TF1Optimizer._all_reduce_sum_gradients`. With that optimizer, a right port
    would differ now and then: a critic, or one with a trained scale of the loss.
    """
    if keras.backend.backend() != "tensorflow":
        yield
        return
    name = "dependency_optimization"
    before = tf.config.optimizer.get_experimental_options().get(name, True)
    tf.config.optimizer.set_experimental_options({name: False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({name: before})


def _calls(steps: int) -> list[tuple[int, int]]:
    """Returns the first step of each call of `fit`, and the one after its last.

    On JAX the variables get their values at the end of a call alone.
    """
    if keras.backend.backend() == "jax":
        return [(k, k + 1) for k in range(steps)]
    return [(0, steps)]


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


def _given(x: Any, y: Any = None, weight: Any = None) -> str:
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


class _EachStep(keras.callbacks.Callback):
    """Sets the masks before each step, and notes the loss of each step."""

    def __init__(
        self,
        masks: Masks | None,
        drawn: Sequence[Mapping[str, Drawn]],
        first: int,
        after: Callable[[int], object],
    ) -> None:
        super().__init__()
        self._losses: list[float] = []
        self._masks, self._drawn, self._first, self._after = masks, drawn, first, after

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.reset_metrics()
        if self._masks is not None and self._drawn:
            self._masks.set(self._drawn[batch])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        found = float(np.asarray((logs or {}).get("loss", np.nan)))
        # NaN stands for a step that gives no loss, so that a loss which is NaN is infinite here
        self._losses.append(np.inf if np.isnan(found) and "loss" in (logs or {}) else found)
        if keras.backend.backend() != "jax":
            self._after(self._first + batch + 1)

    def finish(self) -> list[float]:
        """Returns the losses, after the variables have their values."""
        if keras.backend.backend() == "jax":
            self._after(self._first + 1)
        return self._losses


def _packed(x: Any, y: Any, weight: Any) -> tuple[Any, ...]:
    """Returns a batch as `fit` gives it to a `train_step`: without what there is not."""
    x, y = (tuple(each) if isinstance(each, list) else each for each in (x, y))
    if weight is not None:
        return x, y, weight
    return (x,) if y is None else (x, y)


def predict(model: keras.Model, x: Any) -> list[NDArray[Any]]:
    """Returns the model's outputs in evaluation, in order."""
    return list(keras.tree.flatten(nested_predictions(model, x)))


def nested_predictions(model: keras.Model, x: Any) -> Any:
    """Returns the model's outputs in evaluation, in the model's structure, such as a dict."""
    with errors_of_the_model("predict the rows", _given(x)), without_noise(model):
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
        _watched(model, x, note, training=False)
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


def _called(model: keras.Model, x: Any) -> list[tuple[keras.layers.Layer, tuple[int, ...]]]:
    """Returns the layers that draw, in the order of their calls, with their outputs' shapes."""
    found = []

    def note(layer: keras.layers.Layer, outputs: Any) -> None:
        if _draws(layer):
            found.append((layer, tuple(outputs.shape)))

    before = [np.copy(ops.convert_to_numpy(v)) for v in model.variables]
    _watched(model, x, note, training=True)
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    return found


def _watched(model: keras.Model, x: Any, note: Callable[..., None], training: bool) -> None:
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
