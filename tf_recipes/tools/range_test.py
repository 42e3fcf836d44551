"""A learning rate for any Keras model: the rate rises from batch to batch until the loss does."""

import keras
import numpy as np

from tf_recipes._support import validation
from tf_recipes.tools.range_curve import RangeCurve


class LearningRateRangeTest(keras.callbacks.Callback):
    """Raises the learning rate exponentially from batch to batch, and suggests one.

    It ends training after `steps` batches, or once the loss has diverged, and then puts back the
    weights, the statistics, the optimizer and its rate, bit for bit. A schedule gives way to a
    number for that time: a copy of the optimizer, made from its configuration, is trained with.
    Metrics and the progress bar show the last batch instead of the epoch's mean; what was drawn
    from Keras' global generators stays drawn.

    TF1: nothing was built in; the rate was a `tf.placeholder`, fed with every batch.

    Args:
        lowest, highest: floats > 0, the rates of the first and of the last batch.
        steps: int >= 2, batches.
        smoothing: float in [0, 1), the decay of the loss's moving average.
        stop_factor: float > 1; the loss has diverged once its average is so many times its lowest.
            None to go on until it is infinite or not a number; a loss that may be zero or negative
            needs that.

    Attributes:
        curve: a `tf_recipes.tools.range_curve.RangeCurve`: each batch's rate and its own loss.
        suggestion: a learning rate or None; see there for the rule.
        reason: why there is none.

    Raises:
        ValueError: for an argument outside these; when training begins, for a `fit` of fewer
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

    def __init__(self, lowest=1e-6, highest=10.0, steps=100, smoothing=0.9, stop_factor=4.0):
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
        self._before = None  # what is to be put back

    suggestion = property(lambda self: self.curve.suggestion)
    reason = property(lambda self: self.curve.reason)

    def run(self, model, *args, **kwargs):
        """`model.fit(*args, **kwargs)` with this callback; puts everything back whatever happens.

        In `fit(callbacks=[...])` an error leaves the model as it stands, because Keras does not
        tell callbacks; then call `restore`.

        Returns:
            The suggestion.
        """
        # last, so that it undoes what the others do when training ends
        kwargs["callbacks"] = [*keras.tree.flatten(kwargs.get("callbacks") or []), self]
        try:
            model.fit(*args, **kwargs)
        finally:
            self.restore()
        return self.suggestion

    def restore(self):
        """Puts back what was there before the test; does nothing if that has been done."""
        if self._before is None:
            return
        model, optimizer, variables, values = self._before
        self._before = None
        if model.optimizer is not optimizer:
            model.optimizer = optimizer
            model.make_train_function(force=True)  # what is compiled holds the copy
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def plot(self, path):
        """Writes a PNG file: the loss over the rate, with the suggestion."""
        self.curve.figure().savefig(path, format="png")

    def on_train_begin(self, logs=None):
        self.restore()  # in case the `fit` before ended with an error
        self._check()
        optimizer = self.model.optimizer
        if not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        variables = [*self.model.variables, *optimizer.variables]
        values = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
        self._before = (self.model, optimizer, variables, values)
        self.curve = RangeCurve(self.smoothing)
        if not isinstance(optimizer.learning_rate, keras.Variable):
            self._lend_a_number(optimizer)

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = self._rate()
        self.model.reset_metrics()  # Keras reports the mean since then: now of this batch alone

    def on_train_batch_end(self, batch, logs=None):
        if "loss" not in logs:
            validation.fail(
                "A training step must report its loss.",
                f"logs={logs!r}",
                'Return {"loss": ...} from the model\'s train_step.',
            )
        logs["learning_rate"] = self._rate()
        self.curve.add(logs["learning_rate"], float(logs["loss"]))
        if len(self.curve.losses) == self.steps or self.curve.diverged(self.stop_factor):
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = self.curve.rates[-1]

    def on_train_end(self, logs=None):
        self.restore()

    def _rate(self):
        """Of the next batch: lowest (highest / lowest)^(k / (steps - 1))."""
        share = len(self.curve.losses) / (self.steps - 1)
        return float(self.lowest * (self.highest / self.lowest) ** share)

    def _check(self):
        model, steps, epochs = self.model, self.params.get("steps"), self.params.get("epochs")
        if keras.backend.backend() not in ("tensorflow", "torch"):
            validation.fail(
                "The learning rate must be a variable that a callback can set.",
                f"backend={keras.backend.backend()!r}",
                "Take TensorFlow or PyTorch as Keras' backend.",
            )
        if not (model.built and isinstance(model.optimizer, keras.optimizers.Optimizer)):
            validation.fail(
                "The model must be built and have one optimizer, so that both can be put back.",
                f"built={model.built}, optimizer={model.optimizer!r}",
                "Call the model on a batch, and compile it.",
            )
        if model.steps_per_execution != 1:
            validation.fail(
                "LearningRateRangeTest must see every step.",
                f"steps_per_execution={model.steps_per_execution}",
                "Compile with steps_per_execution=1.",
            )
        if steps is not None and steps * epochs < self.steps:
            validation.fail(
                f"`fit` must run at least `steps` batches, {self.steps}.",
                f"{epochs} epochs of {steps} batches",
                "Raise epochs, or lower `steps`.",
            )

    def _lend_a_number(self, optimizer):
        """Has the model train with a copy of its optimizer whose rate is a number."""
        copy = _with_a_number(optimizer)
        copy.build(self.model.trainable_variables)
        slots = [each for each in copy.variables if each is not copy.learning_rate]
        for slot, value in zip(slots, optimizer.variables, strict=True):
            slot.assign(value)
        self.model.optimizer = copy
        self.model.make_train_function(force=True)


def _with_a_number(optimizer):
    """A new optimizer of the same configuration, with a number for its rate."""
    config = optimizer.get_config()
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        inner = _with_a_number(optimizer.inner_optimizer)
        config["inner_optimizer"] = keras.saving.serialize_keras_object(inner)
    else:
        config["learning_rate"] = 1.0
    return type(optimizer).from_config(config)
