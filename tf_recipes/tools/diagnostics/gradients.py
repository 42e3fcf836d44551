"""Detects vanishing and exploding gradients, layer by layer, while a model trains."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras

from tf_recipes._support import validation
from tf_recipes.tools.diagnostics import layer_outputs
from tf_recipes.tools.diagnostics.monitor import Monitor, choose, finite

if TYPE_CHECKING:
    from tf_recipes.tools.diagnostics.histograms import Histograms
    from tf_recipes.tools.diagnostics.probe import Probe

VANISHING, EXPLODING, NON_FINITE = "vanishing", "exploding", "non_finite"
LEAST, MOST = 1e-3, 1e3  # limits of a gradient, times the gradient of the last layer


class GradientMonitor(Monitor):
    """Records each layer's gradient norm, activations and update on a fixed batch.

    TF1: none was built in; programs fetched `tf.norm(grad)` beside the training op and wrote
    `tf.summary.histogram`s.

    These figures are recorded for each layer that has weights or an activation:

    - `LAYER/gradient_norm`: the root of the summed squares of the loss' gradient with respect to
      the layer's weights,
    - `LAYER/update_ratio`: the norm of the change of the weights in one training step of the model
      on the batch, divided by the norm of the weights; about 0.001 is healthy,
    - `LAYER/activation_mean`, `LAYER/activation_std`: over the batch and the units.

    A measurement does not change the model: training has the same bits as without the monitor,
    unless a layer draws from Keras' global generator instead of its own. The monitor logs a warning
    of one line when one of these conditions begins at a layer, and not again before the condition
    has ended:

    - vanishing: the gradient norm is zero, or below `vanishing` times that of the layer with
      weights that the model calls last, where backpropagation begins,
    - exploding: the gradient norm is above `exploding` times that of the same layer, or an update
      is larger than the weights,
    - non-finite: gradient, activations or update are infinite or NaN.

    Args:
        x, y: the batch, arrays as `fit` takes them, without a sample weight.
        interval: int >= 1, batches between two measurements; see `Monitor` for further
            measurements.
        layers: names of the layers to watch, or None for all layers.
        log_dir: str, `os.PathLike` or None, a directory for TensorBoard, which gets histograms of
            gradients and activations and the figures at each measurement.
        stop_on: which of `"vanishing"`, `"exploding"` and `"non_finite"` end training.
        vanishing, exploding: floats > 0, the limits.

    Raises:
        ValueError: for an argument outside its range, a model that is not compiled, several
            replicas, or another backend than TensorFlow.

    >>> import numpy as np
    >>> x, y = np.ones((8, 3)), np.ones((8, 1))
    >>> model = keras.Sequential([keras.layers.Dense(1, name="line")])
    >>> model.compile("sgd", "mse")
    >>> monitor = GradientMonitor(x, y)
    >>> history = model.fit(x, y, epochs=2, verbose=0, callbacks=[monitor])
    >>> sorted(history.history)[:3]
    ['gradient_step', 'line/activation_mean', 'line/activation_std']

    References:
        Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", 2010. The update's ratio: Karpathy, Johnson, "CS231n: Convolutional Neural
        Networks for Visual Recognition", 2016.
    """

    CONDITIONS = (VANISHING, EXPLODING, NON_FINITE)
    STEP = "gradient_step"

    _probe: "Probe"  # from `prepare` on

    def __init__(
        self,
        x: Any,
        y: Any,
        interval: int = 500,
        layers: str | Sequence[str] | None = None,
        log_dir: str | os.PathLike[str] | None = None,
        stop_on: str | Iterable[str] | None = (),
        vanishing: float = LEAST,
        exploding: float = MOST,
    ) -> None:
        super().__init__(interval, stop_on)
        validation.number("vanishing", vanishing, 0, open_low=True)
        validation.number("exploding", exploding, 0, open_low=True)
        if keras.backend.backend() != "tensorflow":
            validation.fail(
                "GradientMonitor takes gradients with TensorFlow.",
                f"backend={keras.backend.backend()!r}",
                "Set the environment variable KERAS_BACKEND=tensorflow before Keras is imported.",
            )
        self._x, self._y, self._layers, self._log_dir = x, y, layers, log_dir
        self._vanishing, self._exploding = vanishing, exploding
        self._histograms: Histograms | None = None
        self._prepared_for: list[Any] | None = None

    def prepare(self) -> None:
        """Compiles the measurement, unless it is already compiled for this model."""
        from tf_recipes.tools.diagnostics.histograms import Histograms  # imports TensorFlow
        from tf_recipes.tools.diagnostics.probe import Probe

        if not self.model.built:
            self.model(self._x)
        optimizer, weights = self.model.optimizer, self.model.trainable_variables
        compiled = json.dumps(self.model.get_compile_config(), default=str)
        prepared_for = [compiled, *(id(each) for each in (self.model, optimizer, *weights))]
        if prepared_for == self._prepared_for:
            return
        self._prepared_for = prepared_for
        measured = _watchable(self.model)
        self._weighted = [name for name, layer in measured.items() if layer.trainable_variables]
        self._measured_names, self._watched = list(measured), choose(measured, self._layers)
        self._probe = Probe(self.model, self._x, self._y, measured, self._log_dir is not None)
        if self._log_dir is not None and self._histograms is None:
            self._histograms = Histograms(self._log_dir)

    def measure(self, step: int) -> dict[str, float]:
        """Returns the figures of the watched layers, `{"layer/figure": float}`."""
        from tf_recipes.tools.diagnostics.probe import FIGURES

        _, array, tensors = self._probe()
        rows = dict(zip(self._measured_names, array, strict=True))
        self._last = self._last_weighted()
        self._last_norm = float(rows[self._last][0]) if self._last else 0.0
        figures = {
            f"{name}/{figure}": float(value)
            for name in self._watched
            for figure, value in zip(FIGURES, rows[name], strict=True)
            if name in self._weighted or figure.startswith("activation")
        }
        if self._histograms is not None:
            self._histograms.write(step, figures, self._watched, *tensors)
        return figures

    def _last_weighted(self) -> str | None:
        """Returns the layer with weights that the model calls last, where backprop begins."""
        called = [name for name in self._probe.order if name in self._weighted]
        return called[-1] if called else None

    def judge(self, figures: Mapping[str, float]) -> Iterator[tuple[str, str, str]]:
        """Yields `(layer, condition, description)` for each condition that the figures show."""
        by_layer: dict[str, dict[str, float]] = {}
        for key, value in figures.items():
            name, _, figure = key.rpartition("/")
            by_layer.setdefault(name, {})[figure] = value
        for name, values in by_layer.items():
            bad = [figure for figure, value in values.items() if not finite(value)]
            if bad:
                yield name, NON_FINITE, f"its {bad[0].replace('_', ' ')} is {values[bad[0]]}"
            elif name in self._weighted:
                yield from self._judge_layer(name, values)

    def _judge_layer(
        self, name: str, values: Mapping[str, float]
    ) -> Iterator[tuple[str, str, str]]:
        norm, ratio, last_norm = values["gradient_norm"], values["update_ratio"], self._last_norm
        against = f"{norm:.3g}, against {last_norm:.3g} at layer {self._last}"
        if norm <= self._vanishing * last_norm:
            yield name, VANISHING, f"its gradient vanishes: norm {against}"
        elif last_norm and norm > self._exploding * last_norm:
            yield name, EXPLODING, f"its gradient explodes: norm {against}"
        elif ratio > 1:
            yield name, EXPLODING, f"its update is {ratio:.3g} times as large as its weights"


def _watchable(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """Returns the layers that have weights to train or an activation."""
    return {
        name: layer
        for name, layer in layer_outputs.leaves(model).items()
        if layer.trainable_variables
        or layer_outputs.activation(layer)
        or isinstance(layer, keras.layers.Activation)
    }
