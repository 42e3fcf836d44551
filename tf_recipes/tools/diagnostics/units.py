"""Saturated, dead and sleeping units, layer by layer, while a model trains."""

import keras
import numpy as np

from tf_recipes._support import validation
from tf_recipes.tools.diagnostics import layer_outputs
from tf_recipes.tools.diagnostics.monitor import Monitor, choose

MARGIN = 0.05  # of an activation's range, at either end
SATURATED, DEAD = "saturated", "dead"
BATCH = 1000  # images of one call


class SaturationMonitor(Monitor):
    """Records the share of saturated sigmoid and tanh units and of dead ReLU units.

    TF1: none was built in.

    The model runs in evaluation on a fixed set. Of each layer with such an activation it records:

    - sigmoid and tanh: `LAYER/saturated`, the share of its outputs (units times examples) within
      5 % of the range from either end: below 0.05 or above 0.95, and beyond -0.9 or 0.9,
    - ReLU: `LAYER/dead`, the share of units that are zero on the whole set: they get no gradient,
    - leaky ReLU and ELU: `LAYER/asleep`, the share of units that are not positive on any of it:
      they still get a gradient,
    - these three: `LAYER/revived`, how many units that were so at one look were not at the next,
      counted from the first look on.

    It warns in one line, once until it is over, when more than half of a layer is saturated or
    dead. It works on every backend. Recurrent layers, whose gates hide the activation, and layers
    inside wrappers or inside layers of your own are not looked at. A share is NaN where outputs are
    not finite.

    Args:
        x: the set, arrays as `fit` takes them; the more, the surer that a unit is dead.
        interval: int, batches from one look to the next. See `Monitor` for the rest of when.
        layers: names of the layers to watch, or None for all with such an activation.
        stop_on: which of `"saturated"` and `"dead"` end training.
        limit: float in [0, 1), the share above which it warns.

    Attributes:
        idle: `{layer: bool (units,)}`, which units were dead or asleep at the last look.

    Raises:
        ValueError: for an argument outside these, or a model without such a layer.

    >>> x = np.array([[1.0], [-1.0]])
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(4, "relu", name="hidden")])
    >>> model.compile("sgd", "mse")
    >>> model.layers[0].set_weights([np.array([[1.0, 0, 0, 0]]), np.array([0, -1.0, -2, 3])])
    >>> monitor = SaturationMonitor(x)
    >>> monitor.set_model(model)
    >>> monitor.on_train_begin()
    >>> monitor.records[0]["hidden/dead"]  # the two that are negative for both
    0.5

    References:
        Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", 2010. Rakitianskaia, Engelbrecht, "Measuring Saturation in Neural Networks",
        2015. Lu, Shin, Su, Karniadakis, "Dying ReLU and Initialization: Theory and Numerical
        Examples", 2020.
    """

    CONDITIONS = (SATURATED, DEAD)
    STEP = "saturation_step"

    def __init__(self, x, interval=500, layers=None, stop_on=(), limit=0.5):
        super().__init__(interval, stop_on)
        validation.number("limit", limit, 0, 1, open_high=True)
        self._x, self._layers, self._limit = x, layers, limit
        self.idle = {}
        self._revived = {}

    def prepare(self):
        if not self.model.built:
            self.model(_rows(self._x, 0), training=False)
        found = {
            name: layer for name, layer in layer_outputs.leaves(self.model).items() if _kind(layer)
        }
        if not found:
            known = ", ".join([*layer_outputs.SATURATING, *layer_outputs.RECTIFYING])
            validation.fail(
                f"The model must have a layer with one of the activations {known}.",
                f"layers {', '.join(layer_outputs.leaves(self.model))}",
                "Leave SaturationMonitor out for this model.",
            )
        self._watched = choose(found, self._layers)

    def look(self, step):
        figures = {}
        for name, outputs in self._outputs().items():
            kind = _kind(self._watched[name])
            units = np.concatenate([_by_unit(self._watched[name], each) for each in outputs])
            if kind in layer_outputs.SATURATING:
                figures[f"{name}/saturated"] = float(np.mean(saturated(units, kind)))
            else:
                idle, awake = np.all(units <= 0, axis=0), np.any(units > 0, axis=0)  # (units,)
                share = float(np.mean(idle)) if np.isfinite(units).all() else float("nan")
                figures[f"{name}/{layer_outputs.RECTIFYING[kind]}"] = share
                figures[f"{name}/revived"] = float(self._count_revived(name, idle, awake))
        return figures

    def judge(self, figures):
        for key, value in figures.items():
            name, _, figure = key.rpartition("/")
            if figure == SATURATED and value > self._limit:
                yield name, SATURATED, f"{value:.0%} of its outputs are saturated"
            elif figure == DEAD and value > self._limit:
                yield name, DEAD, f"{value:.0%} of its units are dead"

    def _count_revived(self, name, idle, awake):
        before = self.idle.get(name, idle)
        self._revived[name] = self._revived.get(name, 0) + int(np.sum(before & awake))
        self.idle[name] = idle
        return self._revived[name]

    def _outputs(self):
        """`{layer: [outputs (examples, ...)]}` in evaluation, of all calls of a layer."""
        found = {name: [] for name in self._watched}
        count = len(keras.tree.flatten(self._x)[0])
        for start in range(0, count, BATCH):
            with layer_outputs.recording(self._watched) as seen:
                self.model(_rows(self._x, start), training=False)
            for name, outputs in seen.items():
                found[name].extend(keras.ops.convert_to_numpy(each) for each in outputs)
        return {name: parts for name, parts in found.items() if parts}


def saturated(outputs, activation):
    """Which outputs lie within 5 % of the activation's range from either end: bool, same shape.

    Args:
        outputs: array of any shape.
        activation: `"sigmoid"` or `"tanh"`.

    >>> saturated(np.array([0.04, 0.5, 0.96]), "sigmoid").tolist()
    [True, False, True]
    """
    low = {"sigmoid": 0.0, "tanh": -1.0}[activation]
    width = layer_outputs.SATURATING[activation]
    return (outputs < low + MARGIN * width) | (outputs > low + (1 - MARGIN) * width)


def _kind(layer):
    return layer_outputs.activation(layer)


def _by_unit(layer, outputs):
    """(examples times positions, units); a convolution's units are its channels."""
    form = getattr(layer, "data_format", None)
    if form is None and outputs.ndim > 3:  # an activation after a convolution
        form = keras.config.image_data_format()
    if form == "channels_first":
        outputs = np.moveaxis(outputs, 1, -1)
    return outputs.reshape(-1, outputs.shape[-1])


def _rows(x, start):
    return keras.tree.map_structure(lambda array: array[start : start + BATCH], x)
