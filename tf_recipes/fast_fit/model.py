"""Defines a Keras model whose `fit` on arrays runs as one compiled loop."""

import contextlib
import copy
import inspect
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from tf_recipes._support import validation, wrapped_optimizers
from tf_recipes.fast_fit import (
    batch_callbacks,
    batches,
    fit_arguments,
    masks_ahead,
    operations,
    order,
)
from tf_recipes.fast_fit.fit_arguments import FitArguments
from tf_recipes.fast_fit.loop import Loop

MEMORY_BUDGET = 2**31  # bytes
_COMPILE = inspect.signature(keras.Model.compile)
# The attributes that differ while Keras' `fit` runs the loop.
_REPLACED = (
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
    """Trains faster than TF1's session loop did, through the ordinary `fit` of a Keras model.

    TF1: `for ...: sess.run(training_op, feed_dict)`, with a copy of the batch and a call from
    Python for every step. Keras' `fit` replaces the copy by a `tf.data` pipeline and is slower than
    the session loop on small models. Here NumPy arrays are put on the device once, batches are
    gathered inside the compiled function, and up to 500 steps are one XLA loop.

    The results are those of Keras' `fit`. After the same `keras.utils.set_random_seed` the batches
    are the same, and losses and weights agree to rounding (with random numbers from Keras'
    generators). `history`, metrics, sample and class weights, validation and callbacks work. A
    callback with a hook for batches is called for every batch, and then every step is a separate
    call of the compiled function. A callback that needs fewer calls has an attribute
    `batch_interval`: 100 for a call after every hundred batches of an epoch and after its last
    batch, or None for a call after each call of the compiled function.

    With `jit_compile="auto"` XLA compiles the loop if the traced steps have only operations with
    the same results under XLA, to rounding. So the loop runs without XLA for an embedding (XLA
    reads the nearest row for an index that does not exist), noise, a `tf.print`, a Python function,
    or a layer with `supports_jit=False`. It also does so for data with a label that is no class:
    TensorFlow's kernel then raises its error, where XLA would train on NaN. With
    `jit_compile=False` the loop always runs without XLA.

    Keras' own path is taken for data that are not arrays, and for what the loop cannot do:
    `run_eagerly=True`, `steps_per_epoch`, a `tf.distribute` strategy, another backend, a subclass
    with its own `train_step`, several outputs with labels each, and steps whose random numbers
    depend on their place in Keras' own function (`tf.random.normal`) or on how often it is traced
    (Python's `random`, as in `keras.layers.AugMix`).

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

    jit_compile: Any  # Keras' property

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._memory_budget = MEMORY_BUDGET
        self._feed = self._validation_feed = self._callbacks = None

    @property
    def memory_budget(self) -> int:
        """Limits the bytes of arrays that `fit` holds on the device; larger data streams in chunks.

        The value belongs to this object: copies and saved models have the default.
        """
        return self._memory_budget

    @memory_budget.setter
    def memory_budget(self, value: int) -> None:
        validation.whole("memory_budget", value, 1)
        self._memory_budget = value

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compiles as `keras.Model.compile` does, and remembers `jit_compile` as given."""
        call = _COMPILE.bind(self, *args, **kwargs)
        call.apply_defaults()
        self._given_jit_compile = call.arguments["jit_compile"]
        self._loops: dict[str, Loop] = {}
        self._step_operations: dict[str, operations.Operations | None] = {}
        super().compile(*args, **kwargs)

    def get_compile_config(self) -> dict[str, Any] | None:
        """Returns Keras' configuration, but with `jit_compile` as given to `compile`."""
        config = super().get_compile_config()
        # Keras replaces "auto" by its choice for this machine, which is False on a CPU.
        return config and {**config, "jit_compile": self._given_jit_compile}

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compiles with a configuration from `get_compile_config`."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Trains as `keras.Model.fit` does, with the same arguments, and returns its `History`.

        Raises:
            ValueError: also if XLA cannot compile the step, and `jit_compile` is True.
        """
        arguments = fit_arguments.bind(self, *args, **kwargs)
        with self._as_keras():  # a callback may be calling
            if not (self.compiled and self._loop_supports(arguments)):
                return super().fit(*args, **kwargs)
            callbacks = batch_callbacks.container(self, arguments)
            with self._feeding(arguments, callbacks):
                # Keras gets only the number of batches; the loop has the data.
                return super().fit(
                    x=_numbers(arguments.steps),
                    validation_data=arguments.validation and _numbers(arguments.validation_steps),
                    callbacks=callbacks,
                    shuffle=False,
                    **arguments.passed_on,
                )

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluates as `keras.Model.evaluate` does."""
        if self._callbacks is not None and kwargs.get("callbacks") is self._callbacks:
            return super().evaluate(*args, **kwargs)  # the validation of `fit`
        with self._as_keras():
            return super().evaluate(*args, **kwargs)

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Predicts as `keras.Model.predict` does."""
        with self._as_keras():
            return super().predict(*args, **kwargs)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Trains on one batch as `keras.Model.train_on_batch` does."""
        with self._as_keras():
            return super().train_on_batch(*args, **kwargs)

    def test_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluates one batch as `keras.Model.test_on_batch` does."""
        with self._as_keras():
            return super().test_on_batch(*args, **kwargs)

    def make_train_function(self, force: bool = False) -> Callable[..., Any]:
        """Returns the function that `fit` calls to train: the loop's during a fast `fit`."""
        if force:  # the loop may hold another optimizer
            self._loops.pop("train", None)
        if self._feed is None:
            return super().make_train_function(force)
        if force:
            self._feed = self._feed.on(self.loop("train"))
        self.train_function = self._feed
        return self._feed

    def make_test_function(self, force: bool = False) -> Callable[..., Any]:
        """Returns the function that `evaluate` calls: the loop's during a fast `fit`."""
        if self._validation_feed is None:
            return super().make_test_function(force)
        self.test_function = self._validation_feed
        return self._validation_feed

    def _loop_supports(self, arguments: FitArguments) -> bool:
        return (
            keras.backend.backend() == "tensorflow"
            and not self.run_eagerly
            and not tf.distribute.has_strategy()
            and isinstance(self.distribute_strategy, type(tf.distribute.get_strategy()))
            and type(self).train_step in self.loop_steps()
            and type(self).test_step is keras.Model.test_step
            and type(self).compute_metrics is keras.Model.compute_metrics
            and arguments.are_supported()
            and self._operations_allow_it(arguments)
        )

    @classmethod
    def loop_steps(cls) -> tuple[Callable[..., Any], ...]:
        """Returns the `train_step` methods that return the metrics' results and nothing else."""
        return (keras.Model.train_step,)

    def _operations_allow_it(self, arguments: FitArguments) -> bool:
        """Returns whether the steps have the results of Keras in the loop, as far as a trace tells.

        Tracing runs nothing, so that no layer's state changes. It also creates the variables of the
        metrics: in the loop, their creation would trace the step twice.
        """
        data = {"train": (arguments.arrays, arguments.batch_size)}
        if arguments.validation is not None:
            data["test"] = (arguments.validation, arguments.validation_batch_size)
        for kind, (arrays, batch_size) in data.items():
            if kind not in self._step_operations:
                specs = batches.specs(arrays, min(batch_size, batches.count(arrays)))
                self._step_operations[kind] = self._operations_of(kind, specs)
        found = [self._step_operations[kind] for kind in data]
        return all(each is not None and not each.placed_draws for each in found)

    def _operations_of(self, kind: str, specs: Any) -> operations.Operations | None:
        """Returns the operations of a step, or None if only Keras' own loop has Keras' results.

        So it is if the step cannot be traced, or draws random numbers of Python or NumPy while it
        is traced: these numbers depend on how often it is traced.

        Args:
            kind: "train" or "test".
            specs: a structure of `tf.TensorSpec`, the batch.
        """
        step = self.test_step if kind == "test" else self._forward
        before, count = operations.python_draws(), self._count_variables()
        try:
            if self.optimizer is not None and not self.optimizer.built:
                self.optimizer.build(self.trainable_variables)
            if kind == "train" and self._has_own_code():
                step = self.train_step
            with masks_ahead.drawing_nothing(self):  # the loop draws these masks before XLA runs
                found = operations.traced(step, specs)
        except Exception:
            found = None  # Keras' own `fit` then raises an error, or can do what the trace cannot
        if before == operations.python_draws():
            return found
        # Keras traces a second time if the first time creates variables: that time was here.
        if self._count_variables() == count:
            operations.set_python_draws(before)
        return None

    def _count_variables(self) -> int:
        """Returns the number of variables of the model, its metrics and its optimizer."""
        optimizer = [] if self.optimizer is None else self.optimizer.variables
        return len(self.variables) + len(self.metrics_variables) + len(optimizer)

    def _forward(self, data: tuple[Any, Any, Any]) -> Any:
        """Does what comes before the gradients in a `train_step`, and what follows the update.

        To trace this takes about half of the time of the whole step.
        """
        x, y, sample_weight = data
        y_pred = self(x, training=True)
        self.compute_loss(x, y, y_pred, sample_weight, training=True)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def _has_own_code(self) -> bool:
        """Returns whether `_forward` may lack operations of the step that are not Keras' own."""
        optimizers = wrapped_optimizers.from_outside(self.optimizer)
        constraints = [getattr(each, "constraint", None) for each in self.trainable_variables]
        code = {type(each).__module__.partition(".")[0] for each in (*optimizers, *constraints)}
        own_loss = type(self).compute_loss is not keras.Model.compute_loss
        return own_loss or not code <= {"builtins", "keras", "tf_recipes"}

    @contextlib.contextmanager
    def _feeding(
        self, arguments: FitArguments, callbacks: keras.callbacks.CallbackList
    ) -> Iterator[None]:
        """Makes `super().fit` call the compiled loops in place of Keras' functions."""
        steps = batch_callbacks.steps_per_call(self, callbacks)
        held = batches.holder(arguments.arrays, arguments.batch_size, self.memory_budget)
        orders = order.epochs(batches.count(arguments.arrays), arguments.shuffle)
        values: dict[str, Any] = dict.fromkeys(_REPLACED)
        values |= {"steps_per_execution": steps, "_callbacks": callbacks}
        values["_feed"] = Feed(self.loop("train"), held, orders, arguments.batch_size, steps)
        if arguments.validation is not None:
            size, left = arguments.validation_batch_size, max(0, self.memory_budget - held.bytes)
            held = batches.holder(arguments.validation, size, left)
            orders = order.epochs(batches.count(arguments.validation), False)
            values["_validation_feed"] = Feed(self.loop("test"), held, orders, size, steps)
        self._keras_values = self._exchange(values)
        try:
            yield
        finally:
            self._exchange(self._keras_values)

    @contextlib.contextmanager
    def _as_keras(self) -> Iterator[None]:
        """Restores what `_feeding` has replaced, for a call from within a callback."""
        if self._feed is None:
            yield
            return
        values = self._exchange(self._keras_values)
        try:
            yield
        finally:
            self._keras_values = self._exchange(values)

    def _exchange(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Sets the attributes of `_REPLACED`, and returns their previous values."""
        before = {name: getattr(self, name) for name in _REPLACED}
        for name, value in values.items():
            setattr(self, name, value)
        return before

    def loop(self, kind: str) -> Loop:
        """Returns the compiled loop of `kind` "train" or "test", made once for each `compile`."""
        if kind not in self._loops:
            step = self.train_step if kind == "train" else self.test_step
            self._loops[kind] = Loop(self, step, self._jit_compile_for(kind), draws=kind == "train")
        return self._loops[kind]

    def _jit_compile_for(self, kind: str) -> bool | str:
        """Returns `jit_compile` for a `Loop`: "auto" where only its trace can tell."""
        if self._given_jit_compile != "auto":
            # Keras sets `jit_compile` to False where a layer says that XLA cannot compile it.
            return bool(self._given_jit_compile and self.jit_compile)
        found = self._step_operations.get(kind)
        if found is not None and found.unproven:
            return False
        return "auto" if self._supports_xla() else False

    def _supports_xla(self) -> bool:
        """Returns whether Keras would accept `jit_compile=True` for this model."""
        before = self.jit_compile
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns where it does not accept it
            self.jit_compile = True
        accepted, self.jit_compile = self.jit_compile, before
        return bool(accepted)


def _numbers(count: int) -> tf.data.Dataset:
    return order.untuned(tf.data.Dataset.range(count))


class Feed:
    """Replaces Keras' `train_function`: each call runs the next steps of the epoch.

    Args:
        loop: a `Loop`.
        holder: the data, see `batches.holder`.
        orders: iterator that yields an order of the rows for each epoch.
        batch_size: int.
        steps: int, the most steps of one call.
    """

    def __init__(
        self,
        loop: Loop,
        holder: batches.Resident | batches.Streamed,
        orders: Iterator[tf.Tensor],
        batch_size: int,
        steps: int,
    ) -> None:
        self._loop, self._holder, self._orders = loop, holder, orders
        self._batch_size, self._steps = batch_size, steps
        self._iterator = None

    def on(self, loop: Loop) -> "Feed":
        """Returns a copy at the same place of the same data, which runs another loop."""
        other = copy.copy(self)
        other._loop = loop
        return other

    def __call__(self, iterator: Any) -> dict[str, tf.Tensor]:
        """Runs the next steps of the epoch, and returns `{metric: scalar tensor}`.

        Args:
            iterator: Keras creates a new one for each epoch; nothing is read from it.
        """
        if iterator is not self._iterator:
            self._iterator, self._start = iterator, 0
            self._order = next(self._orders)
        start = self._start
        self._start = min(start + self._steps, math.ceil(len(self._order) / self._batch_size))
        return self._loop(self._holder, self._order, self._batch_size, start, self._start)
