"""Counts saturated, dead and sleeping units, layer by layer, while a model trains."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes.tools.diagnostics import layer_outputs
from tf_recipes.tools.diagnostics.monitor import Monitor, choose

MARGIN = 0.05  # share of an activation's range at each end
SATURATED, DEAD = "saturated", "dead"
BATCH = 1000  # examples of one call of the model


class SaturationMonitor(Monitor):
    """Records the share of saturated sigmoid and tanh units and of dead ReLU units.

    TF1: none was built in.

    The model runs in evaluation mode on a fixed set of examples. These figures are recorded for
    each layer with one of these activations:

    - sigmoid and tanh: `LAYER/saturated`, the share of its outputs (units times examples) within
      5 % of the range from either end: sigmoid below 0.05 or above 0.95, tanh below -0.9 or above
      0.9,
    - ReLU: `LAYER/dead`, the share of units that are zero on the whole set and get no gradient,
    - leaky ReLU and ELU: `LAYER/asleep`, the share of units that are not positive on the whole set;
      such units still get a gradient,
    - ReLU, leaky ReLU and ELU: `LAYER/revived`, how many dead or sleeping units were active at the
      next measurement, counted from the first measurement on.

    The monitor logs a warning of one line when more than half of a layer has become saturated or
    dead, and not again before this has ended. Every backend works. These layers are not measured:
    recurrent layers, whose gates hide the activation, and layers inside wrappers or inside custom
    layers. A share is NaN if an output is not finite.

    Args:
        x: the set of examples, arrays as `fit` takes them. With more examples it is more certain
            that a unit is dead.
        interval: int >= 1, batches between two measurements; see `Monitor` for further
            measurements.
        layers: names of the layers to watch, or None for all layers with such an activation.
        stop_on: which of `"saturated"` and `"dead"` end training.
        limit: float in [0, 1), the share above which the monitor warns.

    Attributes:
        idle: `{layer: bool (units,)}`, which units were dead or asleep at the last measurement.

    Raises:
        ValueError: for an argument outside its range, or a model without such a layer.

    >>> x = np.array([[1.0], [-1.0]])
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(4, "relu", name="hidden")])
    >>> model.compile("sgd", "mse")
    >>> model.layers[0].set_weights([np.array([[1.0, 0, 0, 0]]), np.array([0, -1.0, -2, 3])])
    >>> monitor = SaturationMonitor(x)
    >>> monitor.set_model(model)
    >>> monitor.on_train_begin()
    >>> monitor.records[0]["hidden/dead"]  # the two units that are negative for both examples
    0.5

    References:
        Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", 2010. Rakitianskaia, Engelbrecht, "Measuring Saturation in Neural Networks",
        2015. Lu, Shin, Su, Karniadakis, "Dying ReLU and Initialization: Theory and Numerical
        Examples", 2020.
    """

    CONDITIONS = (SATURATED, DEAD)
    STEP = "saturation_step"

    def __init__(
        self,
        x: Any,
        interval: int = 500,
        layers: str | Sequence[str] | None = None,
        stop_on: str | Iterable[str] | None = (),
        limit: float = 0.5,
    ) -> None:
        super().__init__(interval, stop_on)
        validation.number("limit", limit, 0, 1, open_high=True)
        self._x, self._layers, self._limit = x, layers, limit
        self.idle: dict[str, NDArray[np.bool_]] = {}
        self._revived: dict[str, int] = {}

    def prepare(self) -> None:
        """Finds the layers to watch."""
        if not self.model.built:
            self.model(_rows(self._x, 0), training=False)
        leaves = layer_outputs.leaves(self.model)
        self._kinds = {
            name: kind
            for name, layer in leaves.items()
            if (kind := layer_outputs.activation(layer)) is not None
        }
        if not self._kinds:
            supported = ", ".join([*layer_outputs.SATURATING, *layer_outputs.RECTIFYING])
            validation.fail(
                f"The model must have a layer with one of the activations {supported}.",
                f"layers {', '.join(leaves)}",
                "Do not use SaturationMonitor with this model.",
            )
        self._watched = choose({name: leaves[name] for name in self._kinds}, self._layers)

    def measure(self, step: int) -> dict[str, float]:
        """Returns the figures of the watched layers, `{"layer/figure": float}`."""
        figures = {}
        for name, outputs in self._outputs().items():
            kind = self._kinds[name]
            units = np.concatenate([_by_unit(self._watched[name], each) for each in outputs])
            if kind in layer_outputs.SATURATING:
                figures[f"{name}/saturated"] = float(np.mean(saturated(units, kind)))
            else:
                # (units,); with NaN a unit is neither
                idle, awake = np.all(units <= 0, axis=0), np.any(units > 0, axis=0)
                share = float(np.mean(idle)) if np.isfinite(units).all() else float("nan")
                figures[f"{name}/{layer_outputs.RECTIFYING[kind]}"] = share
                figures[f"{name}/revived"] = float(self._count_revived(name, idle, awake))
        return figures

    def judge(self, figures: Mapping[str, float]) -> Iterator[tuple[str, str, str]]:
        """Yields `(layer, condition, description)` for each share above the limit."""
        for key, value in figures.items():
            name, _, figure = key.rpartition("/")
            if figure == SATURATED and value > self._limit:
                yield name, SATURATED, f"{value:.0%} of its outputs are saturated"
            elif figure == DEAD and value > self._limit:
                yield name, DEAD, f"{value:.0%} of its units are dead"

    def _count_revived(self, name: str, idle: NDArray[np.bool_], awake: NDArray[np.bool_]) -> int:
        """Returns how many units of a layer were idle at one measurement and awake at the next."""
        before = self.idle.get(name, idle)
        self._revived[name] = self._revived.get(name, 0) + int(np.sum(before & awake))
        self.idle[name] = idle
        return self._revived[name]

    def _outputs(self) -> dict[str, list[NDArray[Any]]]:
        """Returns `{layer: [outputs (examples, ...)]}` in evaluation, for all calls of a layer."""
        collected: dict[str, list[NDArray[Any]]] = {name: [] for name in self._watched}
        count = len(keras.tree.flatten(self._x)[0])
        for start in range(0, count, BATCH):
            with layer_outputs.recording(self._watched) as recorded:
                self.model(_rows(self._x, start), training=False)
            for name, outputs in recorded.items():
                collected[name].extend(keras.ops.convert_to_numpy(each) for each in outputs)
        return {name: parts for name, parts in collected.items() if parts}


def saturated(outputs: NDArray[Any], activation: str) -> NDArray[np.bool_]:
    """Finds the outputs within 5 % of the activation's range from either end: bool, same shape.

    Args:
        outputs: array of any shape.
        activation: `"sigmoid"` or `"tanh"`.

    >>> saturated(np.array([0.04, 0.5, 0.96]), "sigmoid").tolist()
    [True, False, True]
    """
    low = {"sigmoid": 0.0, "tanh": -1.0}[activation]
    width = layer_outputs.SATURATING[activation]
    return (outputs < low + MARGIN * width) | (outputs > low + (1 - MARGIN) * width)


def _by_unit(layer: keras.layers.Layer, outputs: NDArray[Any]) -> NDArray[Any]:
    """Returns outputs (examples times positions, units); a convolution's units are channels."""
    form = getattr(layer, "data_format", None)
    if form is None and outputs.ndim > 3:  # an activation after a convolution
        form = keras.config.image_data_format()
    if form == "channels_first":
        outputs = np.moveaxis(outputs, 1, -1)
    return outputs.reshape(-1, outputs.shape[-1])


def _rows(x: Any, start: int) -> Any:
    """Returns the next `BATCH` examples from `start` on."""
    return keras.tree.map_structure(lambda array: array[start : start + BATCH], x)
