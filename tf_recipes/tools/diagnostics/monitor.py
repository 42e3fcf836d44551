"""What the callbacks here share: when they look, where the figures go, one line of warning."""

import math

import keras
from absl import logging

from tf_recipes._support import validation


class Monitor(keras.callbacks.Callback):
    """Looks at the model every `interval` batches, and hands on what it sees.

    It looks before the first batch, after every `interval` batches of an epoch, and at the end of
    an epoch in which it has not looked. The latest figures are added to the epoch's `logs`, so that
    `History`, `CSVLogger` and `TensorBoard` have them if they stand behind it in the list.

    Args:
        interval: int, batches.
        stop_on: conditions, of `CONDITIONS`, on which training stops.

    Attributes:
        records: list of dicts, one for each look: `"step"`, counted over all training with this
            optimizer, and the figures by `layer/figure`.
        warnings: list of `(step, layer, condition)`.
    """

    CONDITIONS = ()
    STEP = "step"  # under which the logs have the step of the latest look

    def __init__(self, interval, stop_on=()):
        super().__init__()
        validation.whole("interval", interval, 1)
        stop_on = (stop_on,) if isinstance(stop_on, str) else tuple(stop_on or ())
        for condition in stop_on:
            validation.choice("stop_on", condition, self.CONDITIONS)
        self.interval, self.stop_on = interval, stop_on
        self.batch_interval = interval  # for FastFitModel
        self.records, self.warnings = [], []
        self._standing = set()  # (layer, condition) as of the last look
        self._epoch_began = None  # the step
        self._seen = 0  # batches of this epoch

    def prepare(self):
        """Called once before the first look; `self.model` is there."""
        raise NotImplementedError

    def look(self, step):
        """`{"layer/figure": float}` of the model as it is."""
        raise NotImplementedError

    def judge(self, figures):
        """Yields `(layer, condition, what was seen in words)`."""
        raise NotImplementedError

    def on_train_begin(self, logs=None):
        _check_strategy(self.model)
        self.prepare()
        # An optimizer that accumulates gradients counts fewer: only where it begins is asked.
        iterations, self._seen = _iterations(self.model), 0
        if self._epoch_began is None or not iterations:
            self._epoch_began = iterations
        if not self.records or self.records[-1]["step"] != self._epoch_began:
            self._look(self._epoch_began)

    def on_epoch_begin(self, epoch, logs=None):
        self._seen, self._looked = 0, False

    def on_train_batch_end(self, batch, logs=None):
        # With several steps per execution Keras counts past the epoch's last.
        before, self._seen = self._seen, min(batch + 1, self.params.get("steps") or math.inf)
        if self._seen // self.interval > before // self.interval:
            self._look(self._epoch_began + self._seen)
            self._looked = True

    def on_epoch_end(self, epoch, logs=None):
        if not self._looked:
            self._look(self._epoch_began + self._seen)
        if logs is not None:
            latest = dict(self.records[-1])
            logs.update({self.STEP: latest.pop("step"), **latest})
        self._epoch_began += self._seen

    def _look(self, step):
        if hasattr(self.model, "jax_state_sync"):  # JAX keeps the weights aside during an epoch
            self.model.jax_state_sync()
        figures = self.look(step)
        self.records.append({"step": step, **figures})
        found = list(self.judge(figures))
        for layer, condition, seen in found:
            if (layer, condition) not in self._standing:
                self.warnings.append((step, layer, condition))
                logging.warning("layer %s at step %d: %s.", layer, step, seen)
            if condition in self.stop_on:
                self.model.stop_training = True
        self._standing = {(layer, condition) for layer, condition, _ in found}


def finite(value):
    """Whether a figure is neither infinite nor NaN."""
    return math.isfinite(value)


def choose(found, names):
    """The layers of `found` that `names` names, or all; `ValueError` for a name that is not there.

    Args:
        found: `{name: layer}`.
        names: a name, a sequence of names, or None.
    """
    if names is None:
        return found
    names = [names] if isinstance(names, str) else names
    for name in names:
        validation.choice("layers", name, found)
    return {name: layer for name, layer in found.items() if name in names}


def _iterations(model):
    return int(model.optimizer.iterations)


def _check_strategy(model):
    strategy = getattr(model, "distribute_strategy", None)
    if strategy is not None and strategy.num_replicas_in_sync > 1:
        validation.fail(
            "This callback looks at one replica.",
            f"a model on {strategy.num_replicas_in_sync} replicas",
            "Train a copy of it without a tf.distribute strategy for a look.",
        )
