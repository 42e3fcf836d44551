"""Finds a learning rate for any Keras model by raising the rate from batch to batch."""

import gc
import os
from typing import Any

import keras
import numpy as np

from tf_recipes._support import validation
from tf_recipes.tools import unlisted_variables
from tf_recipes.tools.range_curve import RangeCurve


class LearningRateRangeTest(keras.callbacks.Callback):
    """Raises the learning rate exponentially from batch to batch, and suggests a learning rate.

    The callback ends training after `steps` batches, or when the loss has diverged. Then it
    restores the weights, the statistics, the states of stateful RNNs, the optimizer and its rate,
    bit for bit. If the rate is a schedule, the test trains with a copy of the optimizer, made from
    its configuration, whose rate is a number. Metrics and the progress bar show the last batch
    instead of the epoch's mean. The state of Keras' global random generators is not restored.

    TF1: nothing was built in; the rate was a `tf.placeholder`, fed with every batch.

    Args:
        lowest, highest: floats > 0, the rates of the first and of the last batch.
        steps: int >= 2, batches.
        smoothing: float in [0, 1), the decay of the loss's moving average.
        stop_factor: float > 1 or None. The loss has diverged when its average is this many times
            its minimum. With None, which a loss needs that may be zero or negative, only a loss
            that is infinite or NaN ends the test early.

    Attributes:
        curve: a `tf_recipes.tools.range_curve.RangeCurve`, rate and loss of each batch.
        suggestion: a learning rate, or None; `RangeCurve` has the rule.
        reason: str, why there is no suggestion.

    Raises:
        ValueError: for an argument outside its range; when training begins, for a `fit` of fewer
            batches than `steps`, a model that is not built, or JAX as Keras' backend.

    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    >>> x = np.linspace(-1, 1, 800).reshape(800, 1)
    >>> rate = LearningRateRangeTest().run(model, x, 3 * x, batch_size=8, verbose=0)
    >>> 0.001 < rate < 1, round(float(model.optimizer.learning_rate), 6)
    (True, 0.01)

    References:
        Smith, "Cyclical Learning Rates for Training Neural Networks", 2017. Smith, Topin,
        "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2018.
    """

    def __init__(
        self,
        lowest: float = 1e-6,
        highest: float = 10.0,
        steps: int = 100,
        smoothing: float = 0.9,
        stop_factor: float | None = 4.0,
    ) -> None:
        super().__init__()
        validation.number("lowest", lowest, 0, open_low=True)
        validation.number("highest", highest, lowest, open_low=True)
        validation.whole("steps", steps, 2)
        validation.number("smoothing", smoothing, 0, 1, open_high=True)
        if stop_factor is not None:
            validation.number("stop_factor", stop_factor, 1, open_low=True)
        self.lowest, self.highest, self.steps = lowest, highest, steps
        self.smoothing, self.stop_factor = smoothing, stop_factor
        self.curve = RangeCurve(smoothing)
        # Model, optimizer, variables and their values before the test.
        self._before: tuple[Any, Any, list[Any], list[Any]] | None = None

    @property
    def suggestion(self) -> float | None:
        """Returns the suggested learning rate; None if there is none."""
        return self.curve.suggestion

    @property
    def reason(self) -> str:
        """Returns the reason why there is no suggestion; empty if there is a suggestion."""
        return self.curve.reason

    def run(self, model: keras.Model, *args: Any, **kwargs: Any) -> float | None:
        """Runs `model.fit(*args, **kwargs)` with this callback, and restores the model in any case.

        After an error in `fit(callbacks=[...])` the model is not restored, because Keras does not
        inform callbacks; call `restore` then.

        Returns:
            The suggestion.
        """
        # The last callback, so that it also reverts what others change when training ends.
        kwargs["callbacks"] = [*keras.tree.flatten(kwargs.get("callbacks") or []), self]
        try:
            model.fit(*args, **kwargs)
        finally:
            self.restore()
            # A `fit` that stops within an epoch leaves its pipeline, with the data, in a cycle. The
            # older TensorFlow's pipelines are, the longer they may take to end: up to a minute.
            gc.collect()
        return self.suggestion

    def restore(self) -> None:
        """Restores the state before the test; does nothing if the state is already restored."""
        if self._before is None:
            return
        model, optimizer, variables, values = self._before
        self._before = None
        if model.optimizer is not optimizer:
            model.optimizer = optimizer
            model.make_train_function(force=True)  # the compiled function holds the copy
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Writes a PNG file that shows the loss over the rate, with the suggestion."""
        self.curve.figure().savefig(path, format="png")

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Checks the model, saves its state, and replaces a schedule by a number."""
        self.restore()  # in case the previous `fit` ended with an error
        self._check()
        optimizer = self.model.optimizer
        if not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        metrics = {id(variable) for variable in self.model.metrics_variables}
        found = [*self.model.variables, *optimizer.variables, *unlisted_variables.find(self.model)]
        once = {id(variable): variable for variable in found}
        variables = [variable for key, variable in once.items() if key not in metrics]
        values = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
        self._before = (self.model, optimizer, variables, values)
        self.curve = RangeCurve(self.smoothing)
        if not isinstance(optimizer.learning_rate, keras.Variable):
            self._replace_schedule(optimizer)

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Sets the rate of this batch."""
        self.model.optimizer.learning_rate = self._rate()
        # Keras reports means since the last reset; with this reset they are those of one batch.
        self.model.reset_metrics()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Records the loss of this batch, and ends training after the last batch."""
        if logs is None or "loss" not in logs:
            validation.fail(
                "A training step must report its loss.",
                f"logs={logs!r}",
                'Return {"loss": ...} from the model\'s train_step.',
            )
        logs["learning_rate"] = self._rate()
        self.curve.add(logs["learning_rate"], float(logs["loss"]))
        if len(self.curve.losses) == self.steps or self.curve.diverged(self.stop_factor):
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds the rate of the last batch to `logs`."""
        if logs is not None:
            logs["learning_rate"] = self.curve.rates[-1]

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Restores the state before the test."""
        self.restore()

    def _rate(self) -> float:
        """Returns the rate of the next batch, lowest (highest / lowest)^(k / (steps - 1))."""
        share = len(self.curve.losses) / (self.steps - 1)
        return float(self.lowest * (self.highest / self.lowest) ** share)

    def _check(self) -> None:
        """Checks that the test can run with this model, backend and `fit`."""
        model, steps, epochs = self.model, self.params.get("steps"), self.params.get("epochs")
        if keras.backend.backend() not in ("tensorflow", "torch"):
            validation.fail(
                "The backend of Keras must allow that a callback can set the learning rate.",
                f"backend={keras.backend.backend()!r}",
                "Use TensorFlow or PyTorch: set the environment variable KERAS_BACKEND.",
            )
        if not (model.built and isinstance(model.optimizer, keras.optimizers.Optimizer)):
            validation.fail(
                "The model must be built and have one optimizer, so that both can be restored.",
                f"built={model.built}, optimizer={model.optimizer!r}",
                "Call the model on a batch, and compile the model with an optimizer.",
            )
        if model.steps_per_execution != 1:
            validation.fail(
                "LearningRateRangeTest must be called after every step.",
                f"steps_per_execution={model.steps_per_execution}",
                "Compile the model with steps_per_execution=1.",
            )
        if steps is not None and steps * epochs < self.steps:
            validation.fail(
                f"`fit` must run at least `steps` batches, {self.steps}.",
                f"{epochs} epochs of {steps} batches",
                "Raise epochs, or lower `steps`.",
            )

    def _replace_schedule(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Replaces the model's optimizer by a copy whose rate is a number."""
        copy = _copy_with_number(optimizer)
        copy.build(self.model.trainable_variables)
        slots = [each for each in copy.variables if each is not copy.learning_rate]
        for slot, value in zip(slots, optimizer.variables, strict=True):
            slot.assign(value)
        self.model.optimizer = copy
        self.model.make_train_function(force=True)


def _copy_with_number(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Returns a new optimizer with the same configuration, but a number as its rate."""
    config = optimizer.get_config()
    if hasattr(optimizer, "inner_optimizer"):  # a loss scale, or averages, around the optimizer
        inner = _copy_with_number(optimizer.inner_optimizer)
        config["inner_optimizer"] = keras.saving.serialize_keras_object(inner)
    else:
        config["learning_rate"] = 1.0
    return type(optimizer).from_config(config)
