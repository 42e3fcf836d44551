"""What went wrong once a figure is infinite or not a number: the step, the layer, the rate."""

import math

import keras
import numpy as np
import tensorflow as tf

from tf_recipes.training import variable_state

REMEDY = "Lower --learning_rate, in another --output_dir."


class Guard:
    """Finds the step and the layer, keeps the last good weights, and raises.

    Training looks at its figures once per chunk, which costs nothing; only here are the steps of
    the bad chunk run again, one by one. They give the same bits, so the first bad one is found.

    The last good weights are those before the first step whose loss is not finite, or whose update
    leaves a weight or a statistic that is not.

    Args:
        model: a `FastFitModel`.
        session: a `Session`, to save in.
        feed: the `Feed` that was run.
        epochs: int, for the message.
    """

    def __init__(self, model, session, feed, epochs):
        self._model, self._session, self._feed = model, session, feed
        self._epoch = f"epoch {session.epoch + 1}/{epochs}"

    def fail(self, rows, start, stop, before):
        """The steps `start` to `stop - 1` of training began with `before` and ended badly."""
        step, loss, before, after = self._first_bad(rows, start, stop, before)
        self._session.rewind(step, before)
        rate = variable_state.learning_rate(self._model)
        where = first_bad_layer(self._model, *self._feed.batch(rows, step), training=True)
        self._session.rewind(step, before)  # that drew masks and moved averages
        path = self._session.save()
        raise FloatingPointError(
            f"{_what(loss)} in step {self._session.total_steps + 1} ({self._epoch}, step "
            f"{step + 1} of {self._feed.steps}): {where or _first_bad_weight(after)}; learning "
            f"rate {rate:.6g}. The last good weights, from before that step, are in {path}. "
            f"{REMEDY}"
        )

    def fail_validation(self, rows, loss):
        """The validation loss is not finite, with the weights that the epoch left."""
        steps = range(self._feed.steps)
        batches = (self._feed.batch(rows, step) for step in steps)
        found = (first_bad_layer(self._model, *batch, training=False) for batch in batches)
        where = next(filter(None, found), "in no layer by itself")
        path = self._session.save()
        raise FloatingPointError(
            f"The validation loss became {loss} after step {self._session.total_steps} "
            f"({self._epoch}): {where}; "
            f"learning rate {variable_state.learning_rate(self._model):.6g}. "
            f"The weights, all finite, are in {path}. {REMEDY}"
        )

    def _first_bad(self, rows, start, stop, before):
        """The step, its loss, and the variables before and after it."""
        self._session.rewind(start, before)
        for step in range(start, stop):
            loss = self._feed(rows, step, step + 1)["loss"]
            self._session.note(step + 1)
            after = self._session.arrays
            if not (math.isfinite(loss) and variable_state.finite(after)):
                break
            before, kept = after, before
        else:  # only if the steps did not repeat: then the last one stands for them
            before = kept
        return step, loss, before, after


def first_bad_layer(model, x, y, training):
    """Where a batch first becomes infinite or not a number, in words; None if nowhere.

    The layers' outputs are looked at in their order, then the loss, then in training the
    gradients, from the last layer back, as they are computed.
    """
    layers = [layer for layer in model.layers if hasattr(layer, "output")]
    probe = keras.Model(model.input, [[layer.output for layer in layers], model.output])
    with tf.GradientTape() as tape:
        outputs, predicted = probe(x, training=training)
        loss = model.compute_loss(x=x, y=y, y_pred=predicted, training=training)
    for layer, output in zip(layers, outputs, strict=True):
        if not _finite(output):
            return f"first in the output of layer {layer.name}"
    if not _finite(loss):
        return "first in the loss itself, as every layer's output is finite"
    return _first_bad_gradient(tape, loss, model.trainable_variables) if training else None


def _first_bad_gradient(tape, loss, variables):
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    for variable, gradient in zip(variables[::-1], gradients[::-1], strict=True):
        if gradient is not None and not _finite(tf.convert_to_tensor(gradient)):
            return f"first in the gradient of {variable.path}"
    return None


def _first_bad_weight(arrays):
    bad = [name for name, array in arrays.items() if not variable_state.finite({name: array})]
    names = [name.split("/", 2)[2] for name in bad]
    return f"first in the update of {names[0]}" if names else "in no layer by itself"


def _finite(tensor):
    return bool(np.isfinite(keras.ops.convert_to_numpy(tensor)).all())


def _what(loss):
    if math.isfinite(loss):
        return f"The weights became infinite or not a number, at a loss of {loss:.4g},"
    return f"The loss became {loss}"
