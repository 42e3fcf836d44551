"""Defines the base class of the monitors: when to measure, where to put figures and warnings."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
from absl import logging

from tf_recipes._support import validation


class Monitor(keras.callbacks.Callback):
    """Measures the model every `interval` batches, and adds the figures to the epoch's `logs`.

    A measurement is made before the first batch, after every `interval` batches of an epoch, and at
    the end of an epoch in which there was none. The latest figures are added to the epoch's `logs`.
    So `History`, `CSVLogger` and `TensorBoard` contain them, if these callbacks come after the
    monitor in the list.

    Args:
        interval: int >= 1, batches between two measurements.
        stop_on: the conditions, out of `CONDITIONS`, on which training stops.

    Attributes:
        records: list of dicts, one dict for each measurement: `"step"`, counted over all training
            with this optimizer, and the figures by `layer/figure`.
        warnings: list of `(step, layer, condition)`.

    Raises:
        ValueError: for an argument outside its range; when training begins, for several replicas.
    """

    CONDITIONS: tuple[str, ...] = ()
    STEP = "step"  # the key in the logs for the step of the latest measurement

    def __init__(self, interval: int, stop_on: str | Iterable[str] | None = ()) -> None:
        super().__init__()
        validation.whole("interval", interval, 1)
        stop_on = (stop_on,) if isinstance(stop_on, str) else tuple(stop_on or ())
        for condition in stop_on:
            validation.choice("stop_on", condition, self.CONDITIONS)
        self.interval, self.stop_on = interval, stop_on
        self.batch_interval = interval  # for FastFitModel
        self.records: list[dict[str, Any]] = []
        self.warnings: list[tuple[int, str, str]] = []
        # (layer, condition) as of the last measurement
        self._standing: set[tuple[str, str]] = set()
        self._epoch_start = -1  # the epoch's first step; -1 before training
        self._batches = 0  # batches of this epoch so far

    def prepare(self) -> None:
        """Prepares the measurements, once when training begins; `self.model` exists."""
        raise NotImplementedError

    def measure(self, step: int) -> dict[str, float]:
        """Returns the figures of the model at this time, `{"layer/figure": float}`."""
        raise NotImplementedError

    def judge(self, figures: Mapping[str, float]) -> Iterator[tuple[str, str, str]]:
        """Yields `(layer, condition, description)` for each condition that the figures show."""
        raise NotImplementedError

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Prepares the monitor, and measures unless there is a measurement at this step."""
        _check_strategy(self.model)
        self.prepare()
        # An optimizer that accumulates gradients counts fewer steps than batches, so its count is
        # used only at the start.
        iterations, self._batches = _iterations(self.model), 0
        if self._epoch_start < 0 or not iterations:
            self._epoch_start = iterations
        if not self.records or self.records[-1]["step"] != self._epoch_start:
            self._measure(self._epoch_start)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Begins to count the batches of the epoch."""
        self._batches, self._measured = 0, False

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Measures if a multiple of `interval` has been reached."""
        # With several steps per execution, Keras counts beyond the last step of the epoch.
        steps = self.params.get("steps")
        before, self._batches = self._batches, min(batch + 1, steps) if steps else batch + 1
        if self._batches // self.interval > before // self.interval:
            self._measure(self._epoch_start + self._batches)
            self._measured = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measures if the epoch has no measurement, and adds the latest figures to `logs`."""
        if not self._measured:
            self._measure(self._epoch_start + self._batches)
        if logs is not None:
            latest = dict(self.records[-1])
            logs.update({self.STEP: latest.pop("step"), **latest})
        self._epoch_start += self._batches

    def _measure(self, step: int) -> None:
        """Records the figures and logs a warning for each condition that is new."""
        if hasattr(self.model, "jax_state_sync"):  # on JAX, an epoch keeps the weights elsewhere
            self.model.jax_state_sync()
        figures = self.measure(step)
        self.records.append({"step": step, **figures})
        judgements = list(self.judge(figures))
        for layer, condition, description in judgements:
            if (layer, condition) not in self._standing:
                self.warnings.append((step, layer, condition))
                logging.warning("layer %s at step %d: %s.", layer, step, description)
            if condition in self.stop_on:
                self.model.stop_training = True
        self._standing = {(layer, condition) for layer, condition, _ in judgements}


def finite(value: float) -> bool:
    """Returns whether a figure is neither infinite nor NaN."""
    return math.isfinite(value)


def choose(
    layers: Mapping[str, keras.layers.Layer], names: str | Sequence[str] | None
) -> dict[str, keras.layers.Layer]:
    """Returns the layers with the given names; all layers for None.

    Args:
        layers: `{name: layer}`.
        names: a name, a sequence of names, or None.

    Raises:
        ValueError: for a name that `layers` lacks.
    """
    if names is None:
        return dict(layers)
    names = [names] if isinstance(names, str) else names
    for name in names:
        validation.choice("layers", name, layers)
    return {name: layer for name, layer in layers.items() if name in names}


def _iterations(model: keras.Model) -> int:
    return int(model.optimizer.iterations)


def _check_strategy(model: keras.Model) -> None:
    strategy = getattr(model, "distribute_strategy", None)
    if strategy is not None and strategy.num_replicas_in_sync > 1:
        validation.fail(
            "This callback supports only one replica.",
            f"a model on {strategy.num_replicas_in_sync} replicas",
            "Monitor a copy of the model that is built without a tf.distribute strategy.",
        )
