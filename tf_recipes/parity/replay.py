"""Trains a port from a trace's weights on the trace's batches, and records the results."""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from tf_recipes import models
from tf_recipes._support.precision import use_float32_products
from tf_recipes.blocks.dropout import Dropout
from tf_recipes.parity.trace import Trace
from tf_recipes.ports import PORTS, Port
from tf_recipes.recipe import Recipe

BATCH_NORM_NAMES = ("beta", "gamma", "moving_mean", "moving_variance")


@dataclasses.dataclass(frozen=True)
class Replay:
    """Holds what a port did, in arrays like the trace's arrays of the same names."""

    losses: NDArray[Any]
    variables: Mapping[int, Mapping[str, NDArray[Any]]]
    logits: NDArray[Any]


def replay(
    trace: Trace,
    port: str | Port,
    on_step: Callable[[], object] = lambda: None,
    float32_products: bool = True,
) -> Replay:
    """Trains `port` once, from the weights and on the batches and masks of `trace`.

    Args:
        trace: a `tf_recipes.parity.trace.Trace`.
        port: a name in `PORTS`, or a `Port`.
        on_step: called after each step, for a progress bar.
        float32_products: compute with `tf_recipes.use_float32_products`, and restore the settings
            at the end; False takes the products that the process is set to.

    Returns:
        A `Replay`.
    """
    with use_float32_products() if float32_products else contextlib.nullcontext():
        return _replay(trace, port, on_step)


def _replay(trace: Trace, port: str | Port, on_step: Callable[[], object]) -> Replay:
    """Trains the port with the products that the process is set to."""
    recipe = trace.recipe
    made = PORTS[port] if isinstance(port, str) else port
    if trace.masks:
        made = dataclasses.replace(made, dropout=with_recorded_masks(made.dropout))
    model = models.build(recipe, made, jit_compile=False, metrics=[])
    variables = tf1_variables(model, recipe)
    for name in variables.keys() & trace.initial.keys():
        variables[name].assign(trace.initial[name])
    pixels = trace.pixels()
    train = _training_step(model, pixels, trace.labels)
    losses, recorded = [], {}
    for step, rows in enumerate(trace.batches, start=1):
        for name, mask in trace.masks.items():
            model.get_layer(f"{name}_dropout").mask.assign(mask[step - 1])
        losses.append(train(rows))
        if step in trace.steps:
            recorded[step] = {
                name: np.copy(ops.convert_to_numpy(value)) for name, value in variables.items()
            }
        on_step()
    logits = model(pixels[: len(trace.logits)], training=False)
    return Replay(np.array(losses), recorded, ops.convert_to_numpy(logits))


def _training_step(
    model: keras.Model, pixels: NDArray[Any], labels: NDArray[np.integer]
) -> Callable[[NDArray[np.integer]], Any]:
    """Returns a function from rows of the pool to the loss before one training step."""
    if keras.backend.backend() == "tensorflow":
        return _compiled_step(model, pixels, labels)

    def step(rows: NDArray[np.integer]) -> Any:
        model.reset_metrics()
        # Keras' metric of the loss is float32 in any recipe
        return np.float32(model.train_on_batch(pixels[rows], labels[rows]))

    return step


def _compiled_step(
    model: keras.Model, pixels: NDArray[Any], labels: NDArray[np.integer]
) -> Callable[[NDArray[np.integer]], Any]:
    """Returns TensorFlow's compiled function from rows of the pool to the loss before the step.

    The loss is summed here once more, from the predictions of the step, in the recipe's dtype:
    Keras' own sum is float32 in any recipe. A penalty is float32 for the sake of that sum, so with
    one the loss is, too.
    """
    import tensorflow as tf  # late, because other backends do without it

    pixels, labels = tf.constant(pixels), tf.constant(labels.astype("int64"))
    model.optimizer.build(model.trainable_variables)  # else the first call is traced twice
    compute_loss = model.compute_loss
    losses: list[Any] = []

    def noted(x: Any, y: Any, y_pred: Any, *others: Any, **named: Any) -> Any:
        loss = model.loss(y, y_pred)
        for penalty in model.losses:
            loss = tf.cast(loss, penalty.dtype) + penalty
        losses.append(loss)
        return compute_loss(x, y, y_pred, *others, **named)

    model.compute_loss = noted

    @tf.function(autograph=False)
    def step(rows: Any) -> Any:
        losses.clear()
        for metric in model.metrics:
            metric.reset_state()
        model.train_step((tf.gather(pixels, rows), tf.gather(labels, rows)))
        return losses[-1]

    return lambda rows: step(tf.constant(rows))


def tf1_variables(model: keras.Model, recipe: Recipe) -> dict[str, keras.Variable]:
    """Returns `{TF1's name: Keras variable}` of every variable of the model, optimizer aside."""
    variables = {}
    for scope in [*(f"hidden{k}" for k in range(1, len(recipe.hidden) + 1)), "outputs"]:
        dense = model.get_layer(scope)
        variables[f"{scope}/weights"] = dense.kernel
        if dense.use_bias:
            variables[f"{scope}/biases"] = dense.bias
        if recipe.batch_norm is not None:
            norm = model.get_layer(f"{scope}_BatchNorm")
            for name in BATCH_NORM_NAMES:
                if getattr(norm, name, None) is not None:
                    variables[f"{scope}/BatchNorm/{name}"] = getattr(norm, name)
    return variables


def with_recorded_masks(
    make_dropout: Callable[..., keras.layers.Layer],
) -> Callable[..., keras.layers.Layer]:
    """Returns a port's `dropout` that makes layers with the trace's masks.

    Another generator drew the masks in TF1, so no seed can repeat them. The replay then compares
    where dropout stands in the net and what it computes with a mask.

    Args:
        make_dropout: the port's own `dropout`, a function of `recipe`, `name` and `dtype`.
    """

    def dropout(recipe: Recipe, name: str, dtype: str) -> keras.layers.Layer:
        original = make_dropout(recipe, name=name, dtype=dtype)
        kind = RecordedDropout if isinstance(original, Dropout) else RecordedKerasDropout
        return kind(original, recipe.batch_size)

    return dropout


class _Recorded(keras.layers.Layer):
    """Wraps a dropout layer, and holds the mask of the next step: bool (batch, units)."""

    def __init__(self, original: keras.layers.Layer, batch_size: int) -> None:
        super().__init__(name=original.name, dtype=original.dtype_policy)
        self.original = original
        self.batch_size = batch_size

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.mask = self.add_weight(
            shape=(self.batch_size, input_shape[-1]),
            dtype="bool",
            initializer="zeros",
            trainable=False,
            name="mask",
        )


class RecordedDropout(_Recorded):
    """Applies `tf_recipes.Dropout` with a recorded mask."""

    def __init__(self, original: keras.layers.Layer, batch_size: int) -> None:
        super().__init__(original, batch_size)
        original.draw_mask = lambda inputs: self.mask

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns the original layer's outputs."""
        return self.original(inputs, training=training)


class RecordedKerasDropout(_Recorded):
    """Applies a recorded mask as `keras.layers.Dropout` does: `where(mask, x / (1 - rate), 0)`."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns the kept inputs divided by `1 - rate`; outside training, the inputs."""
        if not training:
            return inputs
        return ops.where(self.mask, inputs / (1 - self.original.rate), 0)
