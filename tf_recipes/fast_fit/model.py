"""A Keras model whose `fit` on arrays runs as one compiled loop."""

import contextlib
import copy
import inspect
import math

import keras
import tensorflow as tf

from tf_recipes._support import validation
from tf_recipes.fast_fit import batch_callbacks, batches, fit_arguments, masks_ahead, order
from tf_recipes.fast_fit.loop import Loop

MEMORY_BUDGET = 2**31  # bytes
_COMPILE = inspect.signature(keras.Model.compile)
_LENT = (
    "train_function",
    "test_function",
    "predict_function",
    "steps_per_execution",
    "_feed",
    "_validation_feed",
    "_callbacks",
)


@keras.saving.register_keras_serializable(package="tf_recipes")
class FastFitModel(keras.Model):
    """A Keras model that trains faster than TF1's session loop did, through the ordinary `fit`.

    TF1: `for ...: sess.run(training_op, feed_dict)`, with a copy of the batch and a call from
    Python for every step. Keras' `fit` replaces the copy by a `tf.data` pipeline and is slower than
    that on small models. Here NumPy arrays are put on the device once, batches are gathered inside
    the compiled function, and up to 500 steps are one XLA loop.

    It means what Keras' `fit` means: after the same `keras.utils.set_random_seed` the batches are
    the same and the losses and weights agree to rounding (with random numbers from Keras'
    generators); `history`, metrics, sample and class weights, validation and callbacks work. A
    callback that has a hook for batches gets every batch, for which every step is a call of its
    own; one that can do with fewer says so with an attribute: `batch_interval = 100` for a call
    after every hundred batches of an epoch and after its last, None for whenever there is one.

    With `jit_compile=False` the same loop runs without XLA. Whatever is not arrays, or wants what
    the loop cannot do (`run_eagerly=True`, `steps_per_epoch`, a `tf.distribute` strategy, another
    backend, a `train_step` of your own), takes Keras' own path.

    Args:
        *args: `inputs, outputs`, as for a functional `keras.Model`.
        **kwargs: `name`, `trainable`.

    >>> import numpy as np
    >>> inputs = keras.Input((4,))
    >>> model = FastFitModel(inputs, keras.layers.Dense(1)(inputs))
    >>> model.compile(optimizer="sgd", loss="mse")
    >>> history = model.fit(np.ones((8, 4)), np.ones((8, 1)), batch_size=4, epochs=3, verbose=0)
    >>> len(history.history["loss"])
    3
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._memory_budget = MEMORY_BUDGET
        self._feed = self._validation_feed = self._callbacks = None

    @property
    def memory_budget(self):
        """Bytes of arrays that `fit` may hold on the device; larger data streams in chunks.

        It belongs to this object: copies and saved models have the default.
        """
        return self._memory_budget

    @memory_budget.setter
    def memory_budget(self, value):
        validation.whole("memory_budget", value, 1)
        self._memory_budget = value

    def compile(self, *args, **kwargs):
        wanted = _COMPILE.bind(self, *args, **kwargs)
        wanted.apply_defaults()
        self._wanted_jit = wanted.arguments["jit_compile"]
        self._loops = {}
        super().compile(*args, **kwargs)

    def get_compile_config(self):
        config = super().get_compile_config()
        # Keras keeps what became of "auto" on this machine: on a CPU False.
        return config and {**config, "jit_compile": self._wanted_jit}

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    def fit(self, *args, **kwargs):
        """`keras.Model.fit`: its arguments, and its `History`."""
        wanted = fit_arguments.bind(self, *args, **kwargs)
        with self._as_keras():  # a callback may be calling
            if not (self.compiled and self._takes(wanted)):
                return super().fit(*args, **kwargs)
            self._create_variables(wanted.arrays)
            callbacks = batch_callbacks.container(self, wanted)
            with self._feeding(wanted, callbacks):
                # of the data Keras sees the number of batches alone
                return super().fit(
                    x=_numbers(wanted.steps),
                    validation_data=wanted.validation and _numbers(wanted.validation_steps),
                    callbacks=callbacks,
                    shuffle=False,
                    **wanted.passed_on,
                )

    def evaluate(self, *args, **kwargs):
        if self._callbacks is not None and kwargs.get("callbacks") is self._callbacks:
            return super().evaluate(*args, **kwargs)  # `fit` validates
        with self._as_keras():
            return super().evaluate(*args, **kwargs)

    def predict(self, *args, **kwargs):
        with self._as_keras():
            return super().predict(*args, **kwargs)

    def train_on_batch(self, *args, **kwargs):
        with self._as_keras():
            return super().train_on_batch(*args, **kwargs)

    def test_on_batch(self, *args, **kwargs):
        with self._as_keras():
            return super().test_on_batch(*args, **kwargs)

    def make_train_function(self, force=False):
        if force:  # the loop may hold another optimizer
            self._loops.pop("train", None)
        if self._feed is None:
            return super().make_train_function(force)
        if force:
            self._feed = self._feed.on(self.loop("train"))
        self.train_function = self._feed
        return self._feed

    def make_test_function(self, force=False):
        if self._validation_feed is None:
            return super().make_test_function(force)
        self.test_function = self._validation_feed
        return self._validation_feed

    def _takes(self, wanted):
        return (
            keras.backend.backend() == "tensorflow"
            and not self.run_eagerly
            and not tf.distribute.has_strategy()
            and isinstance(self.distribute_strategy, type(tf.distribute.get_strategy()))
            and type(self).train_step in self.loop_steps()
            and type(self).test_step is keras.Model.test_step
            and type(self).compute_metrics is keras.Model.compute_metrics
            and wanted.on_arrays()
            and wanted.labels_are_classes(self)
        )

    @classmethod
    def loop_steps(cls):
        """The `train_step`s that return the metrics' results and nothing else."""
        return (keras.Model.train_step,)

    def _create_variables(self, data):
        """Creates the optimizer's and the metrics' variables: in the loop it would trace twice."""
        if self._loops or not self.built:
            return
        if not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        x, y, sample_weight = batches.first_row(data)
        y_pred = self(x, training=False)
        self.compute_loss(x, y, y_pred, sample_weight, training=False)
        self.compute_metrics(x, y, y_pred, sample_weight)

    @contextlib.contextmanager
    def _feeding(self, wanted, callbacks):
        """Lends `super().fit` the compiled loops in place of its own functions."""
        steps = batch_callbacks.steps_per_call(self, callbacks)
        held = batches.holder(wanted.arrays, wanted.batch_size, self.memory_budget)
        orders = order.epochs(batches.count(wanted.arrays), wanted.shuffle)
        lent = dict.fromkeys(_LENT)
        lent |= {"steps_per_execution": steps, "_callbacks": callbacks}
        lent["_feed"] = Feed(self.loop("train"), held, orders, wanted.batch_size, steps)
        if wanted.validation is not None:
            size, left = wanted.validation_batch_size, max(0, self.memory_budget - held.bytes)
            held = batches.holder(wanted.validation, size, left)
            orders = order.epochs(batches.count(wanted.validation), False)
            lent["_validation_feed"] = Feed(self.loop("test"), held, orders, size, steps)
        self._own = self._exchange(lent)
        try:
            yield
        finally:
            self._exchange(self._own)

    @contextlib.contextmanager
    def _as_keras(self):
        """Gives the model back what `_feeding` has replaced, for a call from within a callback."""
        if self._feed is None:
            yield
            return
        lent = self._exchange(self._own)
        try:
            yield
        finally:
            self._own = self._exchange(lent)

    def _exchange(self, values):
        """Sets the attributes of `_LENT`; returns what they were."""
        before = {name: getattr(self, name) for name in _LENT}
        for name, value in values.items():
            setattr(self, name, value)
        return before

    def loop(self, kind):
        """The compiled loop of `kind` "train" or "test", made once for each `compile`."""
        if kind not in self._loops:
            step = self.train_step if kind == "train" else self.test_step
            self._loops[kind] = Loop(self, step, self._uses_xla(), draws=kind == "train")
        return self._loops[kind]

    def _uses_xla(self):
        if self._wanted_jit == "auto":
            # XLA draws other numbers than Keras does on a CPU, and slowly; and it takes an index
            # that does not exist for the nearest that does
            return not (masks_ahead.draws_otherwise(self) or masks_ahead.embeds(self))
        return self._wanted_jit and self.jit_compile  # which Keras clears where XLA cannot do it


def _numbers(count):
    return order.untuned(tf.data.Dataset.range(count))


class Feed:
    """Stands in for Keras' `train_function`: each call runs the next steps of the epoch.

    Args:
        loop: a `Loop`.
        holder: the data, see `batches.holder`.
        orders: iterator of orders, one for each epoch.
        batch_size: int.
        steps: int, the most that one call runs.
    """

    def __init__(self, loop, holder, orders, batch_size, steps):
        self._loop, self._holder, self._orders = loop, holder, orders
        self._batch_size, self._steps = batch_size, steps
        self._iterator = None

    def on(self, loop):
        """The same place in the same data, run by another loop."""
        other = copy.copy(self)
        other._loop = loop
        return other

    def __call__(self, iterator):
        if iterator is not self._iterator:  # Keras makes one for each epoch; it is not read
            self._iterator, self._start = iterator, 0
            self._order = next(self._orders)
        start = self._start
        self._start = min(start + self._steps, math.ceil(len(self._order) / self._batch_size))
        return self._loop(self._holder, self._order, self._batch_size, start, self._start)
