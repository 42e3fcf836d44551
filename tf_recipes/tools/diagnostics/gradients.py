"""Vanishing and exploding gradients, layer by layer, while a model trains."""

import json

import keras

from tf_recipes._support import validation
from tf_recipes.tools.diagnostics import layer_outputs
from tf_recipes.tools.diagnostics.monitor import Monitor, choose, finite

VANISHING, EXPLODING, NON_FINITE = "vanishing", "exploding", "non_finite"
LEAST, MOST = 1e-3, 1e3  # times the last layer's gradient


class GradientMonitor(Monitor):
    """Records each layer's gradient norm, activations and update on a fixed batch.

    TF1: none was built in; people fetched `tf.norm(grad)` beside the training op and wrote
    `tf.summary.histogram`s.

    Of each layer that has weights or an activation it records:

    - `LAYER/gradient_norm`: the root of the summed squares of the loss' gradient by its weights,
    - `LAYER/update_ratio`: the norm of what one training step on the batch, the model's own, would
      change in its weights, over the norm of the weights: healthy is about 0.001,
    - `LAYER/activation_mean`, `LAYER/activation_std`: over the batch and the units.

    The look leaves no trace: training goes on with the same bits as without it, unless a layer
    draws from Keras' global generator instead of one of its own. It warns in one line, once until
    it is over, when at a layer the gradient

    - vanishes: its norm is zero, or below `vanishing` times that of the layer with weights that the
      model calls last, where the gradient starts from,
    - explodes: it is above `exploding` times that, or an update is larger than the weights,
    - turns non-finite, or its activations or its update do.

    Args:
        x, y: the batch, arrays as `fit` takes them, without a sample weight.
        interval: int, batches from one look to the next. See `Monitor` for the rest of when.
        layers: names of the layers to watch, or None for all.
        log_dir: a directory for TensorBoard: histograms of gradients and activations and the
            figures, at each look; or None.
        stop_on: which of `"vanishing"`, `"exploding"` and `"non_finite"` end training.
        vanishing, exploding: floats > 0, the limits.

    Raises:
        ValueError: for an argument outside these, a model that is not compiled, several replicas,
            or another backend than TensorFlow.

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

    def __init__(
        self,
        x,
        y,
        interval=500,
        layers=None,
        log_dir=None,
        stop_on=(),
        vanishing=LEAST,
        exploding=MOST,
    ):
        super().__init__(interval, stop_on)
        validation.number("vanishing", vanishing, 0, open_low=True)
        validation.number("exploding", exploding, 0, open_low=True)
        if keras.backend.backend() != "tensorflow":
            validation.fail(
                "GradientMonitor takes gradients with TensorFlow.",
                f"backend={keras.backend.backend()!r}",
                "Set KERAS_BACKEND=tensorflow before Keras is imported.",
            )
        self._x, self._y, self._layers, self._log_dir = x, y, layers, log_dir
        self._vanishing, self._exploding = vanishing, exploding
        self._probe = self._histograms = self._looked_at = None

    def prepare(self):
        from tf_recipes.tools.diagnostics.histograms import Histograms  # TensorFlow's part
        from tf_recipes.tools.diagnostics.probe import Probe

        if not self.model.built:
            self.model(self._x)
        optimizer, weights = self.model.optimizer, self.model.trainable_variables
        compiled = json.dumps(self.model.get_compile_config(), default=str)
        looked_at = [compiled, *(id(each) for each in (self.model, optimizer, *weights))]
        if looked_at == self._looked_at:  # the compiled function still serves
            return
        self._looked_at = looked_at
        looked = _watchable(self.model)
        self._weighted = [name for name, layer in looked.items() if layer.trainable_variables]
        self._all, self._watched = looked, choose(looked, self._layers)
        self._probe = Probe(self.model, self._x, self._y, looked, self._log_dir is not None)
        if self._log_dir is not None and self._histograms is None:
            self._histograms = Histograms(self._log_dir)

    def look(self, step):
        from tf_recipes.tools.diagnostics.probe import FIGURES

        _, rows, tensors = self._probe()
        rows = dict(zip(self._all, rows, strict=True))
        self._last = self._last_weighted()
        self._source = float(rows[self._last][0]) if self._last else 0.0
        figures = {
            f"{name}/{figure}": float(value)
            for name in self._watched
            for figure, value in zip(FIGURES, rows[name], strict=True)
            if name in self._weighted or figure.startswith("activation")
        }
        if self._histograms is not None:
            self._histograms.write(step, figures, self._watched, *tensors)
        return figures

    def _last_weighted(self):
        """The layer with weights that the model calls last: where the gradient starts from."""
        called = [name for name in self._probe.order if name in self._weighted]
        return called[-1] if called else None

    def judge(self, figures):
        of_layer = {}
        for key, value in figures.items():
            name, _, figure = key.rpartition("/")
            of_layer.setdefault(name, {})[figure] = value
        for name, values in of_layer.items():
            bad = [figure for figure, value in values.items() if not finite(value)]
            if bad:
                yield name, NON_FINITE, f"its {bad[0].replace('_', ' ')} is {values[bad[0]]}"
            elif name in self._weighted:
                yield from self._judge(name, values)

    def _judge(self, name, values):
        norm, ratio, source = values["gradient_norm"], values["update_ratio"], self._source
        against = f"{norm:.3g}, against {source:.3g} at layer {self._last}"
        if norm <= self._vanishing * source:
            yield name, VANISHING, f"its gradient vanishes: norm {against}"
        elif source and norm > self._exploding * source:
            yield name, EXPLODING, f"its gradient explodes: norm {against}"
        elif ratio > 1:
            yield name, EXPLODING, f"its update is {ratio:.3g} times as large as its weights"


def _watchable(model):
    """The layers that have weights to train or an activation."""
    return {
        name: layer
        for name, layer in layer_outputs.leaves(model).items()
        if layer.trainable_variables
        or layer_outputs.activation(layer)
        or isinstance(layer, keras.layers.Activation)
    }
