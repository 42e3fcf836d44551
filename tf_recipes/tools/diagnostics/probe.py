"""Measures a model on a fixed batch, and leaves the model unchanged."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes.tools import unlisted_variables
from tf_recipes.tools.diagnostics import layer_outputs

FIGURES = ("gradient_norm", "activation_mean", "activation_std", "update_ratio")


class Probe:
    """Measures gradients, activations and the update of one training step on a fixed batch.

    The step is the model's own `train_step`. Afterwards every variable is restored: weights,
    statistics, metrics, the generators' states, the states of stateful RNNs, and the variables of
    optimizers and the `tf.Variable`s that are attributes of the model or a layer. All this is one
    compiled function, which an interrupt cannot end half-way, unless the model runs eagerly.

    Args:
        model: a compiled and built `keras.Model`.
        x, y: the batch, as the model takes it.
        watched: `{name: layer}`.
        tensors: bool, whether to return also each gradient and each layer's outputs, for
            histograms.

    Attributes:
        order: names of the layers, in the order in which the model calls them; empty before the
            first measurement.
    """

    def __init__(
        self,
        model: keras.Model,
        x: Any,
        y: Any,
        watched: Mapping[str, keras.layers.Layer],
        tensors: bool = False,
    ) -> None:
        self._model, self._watched, self._tensors = model, watched, tensors
        self._data = keras.tree.map_structure(
            lambda each: None if each is None else tf.convert_to_tensor(each), (x, y)
        )
        self._create_variables()
        eager = model.run_eagerly
        self._compiled = self._measure if eager else tf.function(self._measure, autograph=False)
        self.order: list[str] = []

    def __call__(self) -> tuple[float, NDArray[np.float64], tuple[Any, ...]]:
        """Measures the model.

        Returns:
            The loss; an array (layers, figures) in the order of `FIGURES`; and with `tensors`
            gradients and outputs, else an empty tuple. The array has NaN for a figure that a layer
            lacks: without weights there is no gradient and no update.
        """
        loss, figures, tensors = self._compiled(self._data)
        return float(loss), figures.numpy(), tensors

    def _create_variables(self) -> None:
        """Creates the variables of optimizer and metrics, as the first step would do.

        The layers are called for this. So a layer that keeps a state, such as a stateful RNN, gets
        its state back, and the generators of random numbers theirs. What the call has created keeps
        its first value: a metric is reset.
        """
        model, (x, y) = self._model, self._data
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        before = self._values()
        known = {id(variable) for variable in model.metrics_variables}
        try:
            y_pred = model(x, training=False)
            model.compute_loss(x=x, y=y, y_pred=y_pred, training=False)
            model.compute_metrics(x, y, y_pred)
        finally:
            if not known.issuperset(map(id, model.metrics_variables)):
                model.reset_metrics()
            for key, variable in self._all_variables().items():
                if key in before:
                    variable.assign(before[key])

    def _measure(self, data: Any) -> tuple[tf.Tensor, tf.Tensor, tuple[Any, ...]]:
        before = self._values()
        loss, gradients, outputs = self._gradients(data)
        self._restore(before)
        self._model.train_step(data)
        after = [tf.identity(v) for v in self._model.trainable_variables]
        self._restore(before)
        weights = {id(v): before[id(v)] for v in self._model.trainable_variables}
        updates = {key: new - weights[key] for key, new in zip(weights, after, strict=True)}
        rows = [
            _figures(layer, gradients, outputs[name], weights, updates)
            for name, layer in self._watched.items()
        ]
        tensors = (gradients, outputs) if self._tensors else ()
        return loss, tf.stack(rows), tensors

    def _gradients(
        self, data: Any
    ) -> tuple[tf.Tensor, dict[int, tf.Tensor], dict[str, list[tf.Tensor]]]:
        """Returns the loss, `{id of a weight: gradient}`, and `{layer: [outputs]}`."""
        model, (x, y) = self._model, data
        variables = model.trainable_variables
        with layer_outputs.recording(self._watched) as outputs, tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=y_pred, training=True)
            scaled = model.optimizer.scale_loss(loss)
        self.order = list(outputs.order)
        computed = tape.gradient(scaled, [v.value for v in variables])
        scale = tf.cast(model.optimizer.scale_loss(tf.ones_like(loss)), tf.float64)
        gradients = {
            id(v): tf.cast(g, tf.float64) / scale
            for v, g in zip(variables, map(_dense, computed), strict=True)
            if g is not None
        }
        return tf.cast(loss, tf.float64), gradients, {k: list(v) for k, v in outputs.items()}

    def _all_variables(self) -> dict[int, Any]:
        """Returns `{id: variable}` of all variables that a training step may change."""
        model = self._model
        variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
        variables += unlisted_variables.find(model)
        return {id(variable): variable for variable in variables}

    def _values(self) -> dict[int, tf.Tensor]:
        return {key: tf.identity(each) for key, each in self._all_variables().items()}

    def _restore(self, values: Mapping[int, tf.Tensor]) -> None:
        for key, variable in self._all_variables().items():
            variable.assign(values[key])


def _dense(gradient: Any) -> tf.Tensor | None:
    """Returns the gradient as one tensor; rows that a sparse gradient has twice are added."""
    return None if gradient is None else tf.convert_to_tensor(gradient)


def _figures(
    layer: keras.layers.Layer,
    gradients: Mapping[int, tf.Tensor],
    outputs: Sequence[tf.Tensor],
    weights: Mapping[int, tf.Tensor],
    updates: Mapping[int, tf.Tensor],
) -> tf.Tensor:
    """Returns the figures of one layer, in the order of `FIGURES`."""
    keys = [id(variable) for variable in layer.trainable_variables]
    with_gradient = [gradients[key] for key in keys if key in gradients]
    nothing = tf.constant(float("nan"), tf.float64)
    mean, deviation = _moments(outputs) if outputs else (nothing, nothing)
    if not keys:
        return tf.stack([nothing, mean, deviation, nothing])
    gradient = _norm(with_gradient) if with_gradient else tf.zeros((), tf.float64)
    ratio = _ratio([updates[key] for key in keys], [weights[key] for key in keys])
    return tf.stack([gradient, mean, deviation, ratio])


def _ratio(updates: Sequence[tf.Tensor], weights: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns |update| / |weights|, with the weights after the update if all weights are zero."""
    update, before = _norm(updates), _norm(weights)
    after = _norm([w + u for w, u in zip(weights, updates, strict=True)])
    size = tf.where(before > 0, before, after)
    return tf.math.divide_no_nan(update, size)


def _norm(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns sqrt(sum x^2) over all elements of the tensors."""
    return tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(tf.cast(t, tf.float64))) for t in tensors]))


def _moments(outputs: Sequence[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns mean and standard deviation over all elements of the tensors."""
    flat = tf.concat([tf.reshape(tf.cast(each, tf.float64), [-1]) for each in outputs], 0)
    mean = tf.reduce_mean(flat)
    return mean, tf.sqrt(tf.reduce_mean(tf.square(flat - mean)))
