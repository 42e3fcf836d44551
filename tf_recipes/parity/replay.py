"""Trains a port from a trace's weights on the trace's batches, and writes down what it did."""

import dataclasses
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tf_recipes import models
from tf_recipes.blocks.dropout import Dropout
from tf_recipes.ports import PORTS

BATCH_NORM_NAMES = ("beta", "gamma", "moving_mean", "moving_variance")


@dataclasses.dataclass(frozen=True)
class Replay:
    """What a port did: the counterpart of a trace's arrays of the same names."""

    losses: np.ndarray
    variables: Mapping[int, Mapping[str, np.ndarray]]
    logits: np.ndarray


def replay(trace, port, on_step=lambda: None):
    """One training run of `port` under the conditions of `trace`.

    Args:
        trace: a `tf_recipes.parity.trace.Trace`.
        port: a name in `PORTS`, or a `Port`.
        on_step: called after each step, for a progress bar.

    Returns:
        A `Replay`.
    """
    recipe = trace.recipe
    port = PORTS.get(port, port)
    if trace.masks:
        port = dataclasses.replace(port, dropout=with_recorded_masks(port.dropout))
    model = models.build(recipe, port, jit_compile=False, metrics=[])
    variables = tf1_variables(model, recipe)
    for name in variables.keys() & trace.initial.keys():
        variables[name].assign(trace.initial[name])
    pixels = trace.pixels()
    train = _training_step(model, pixels, trace.labels)
    losses, recorded = [], {}
    for step, rows in enumerate(trace.batches, start=1):
        for name, mask in trace.masks.items():
            model.get_layer(f"{name}_dropout").mask.assign(mask[step - 1])
        losses.append(train(tf.constant(rows)))
        if step in trace.steps:
            recorded[step] = {
                name: np.copy(ops.convert_to_numpy(value)) for name, value in variables.items()
            }
        on_step()
    logits = model(pixels[: len(trace.logits)], training=False)
    return Replay(np.array(losses), recorded, ops.convert_to_numpy(logits))


def _training_step(model, pixels, labels):
    """A compiled function: rows of the pool in, one training step, the loss before it out."""
    pixels, labels = tf.constant(pixels), tf.constant(labels.astype("int64"))
    model.optimizer.build(model.trainable_variables)  # else the first call is traced twice

    @tf.function(autograph=False)
    def step(rows):
        for metric in model.metrics:
            metric.reset_state()
        return model.train_step((tf.gather(pixels, rows), tf.gather(labels, rows)))["loss"]

    return step


def tf1_variables(model, recipe):
    """`{TF1's name: Keras variable}` of every variable the model has, optimizer aside."""
    found = {}
    for scope in [*(f"hidden{k}" for k in range(1, len(recipe.hidden) + 1)), "outputs"]:
        dense = model.get_layer(scope)
        found[f"{scope}/weights"] = dense.kernel
        if dense.use_bias:
            found[f"{scope}/biases"] = dense.bias
        if recipe.batch_norm is not None:
            norm = model.get_layer(f"{scope}_BatchNorm")
            for name in BATCH_NORM_NAMES:
                if getattr(norm, name, None) is not None:
                    found[f"{scope}/BatchNorm/{name}"] = getattr(norm, name)
    return found


def with_recorded_masks(make_dropout):
    """A port's dropout, but for the masks: those come from the trace.

    Another generator drew them in TF1, so no seed can repeat them. What is left to compare is
    where the dropout stands and what it does with a mask.
    """

    def dropout(recipe, name, dtype):
        original = make_dropout(recipe, name=name, dtype=dtype)
        kind = RecordedDropout if isinstance(original, Dropout) else RecordedKerasDropout
        return kind(original, recipe.batch_size)

    return dropout


class _Recorded(keras.layers.Layer):
    """Holds the mask of the step to come: bool (batch, units)."""

    def __init__(self, original, batch_size):
        super().__init__(name=original.name, dtype=original.dtype_policy)
        self.original = original
        self.batch_size = batch_size

    def build(self, input_shape):
        self.mask = self.add_weight(
            shape=(self.batch_size, input_shape[-1]),
            dtype="bool",
            initializer="zeros",
            trainable=False,
            name="mask",
        )


class RecordedDropout(_Recorded):
    """`tf_recipes.Dropout` with the next mask given."""

    def __init__(self, original, batch_size):
        super().__init__(original, batch_size)
        original.draw_mask = lambda inputs: self.mask

    def call(self, inputs, training=False):
        return self.original(inputs, training=training)


class RecordedKerasDropout(_Recorded):
    """`keras.layers.Dropout` with the next mask given: `where(mask, inputs / (1 - rate), 0)`."""

    def call(self, inputs, training=False):
        if not training:
            return inputs
        return ops.where(self.mask, inputs / (1 - self.original.rate), 0)
