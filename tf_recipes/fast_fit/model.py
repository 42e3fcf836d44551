"""Defines a Keras model whose `fit` on arrays runs as one compiled loop."""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras

from tf_recipes._support import validation
from tf_recipes.fast_fit import batch_callbacks, engine, fit_arguments
from tf_recipes.fast_fit.fit_arguments import FitArguments

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

    On Keras' JAX backend the loop runs on the processor or a GPU, and needs no TensorFlow. Losses
    and weights are those of Keras' `fit` there. `keras.distribution.DataParallel` divides each
    batch among its devices, which train as one device does. A read-only NumPy array, such as after
    `array.setflags(write=False)`, is copied to the device once, not in every `fit`. XLA compiles
    the loop there, unless `jit_compile=False`, which takes Keras' path.

    Keras' own path is taken for data that are not arrays, and for what the loop cannot do:
    `run_eagerly=True`, `steps_per_epoch`, a `tf.distribute` strategy, PyTorch's backend, a subclass
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
        self._engine = engine.for_model(self, self._given_jit_compile)
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
                return super().fit(callbacks=callbacks, **self._engine.keras_arguments(arguments))

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
            self._engine.forget("train")
            if self._feed is not None:
                self._feed = self._feed.on(self.loop("train"))
        if self._feed is None or not self._engine.allows("train", self._feed):
            self._feed = None
            return super().make_train_function(force)
        self.train_function = self._feed
        return self._feed

    def make_test_function(self, force: bool = False) -> Callable[..., Any]:
        """Returns the function that `evaluate` calls: the loop's during a fast `fit`."""
        feed = self._validation_feed
        if feed is None or not self._engine.allows("test", feed):
            self._validation_feed = None
            return super().make_test_function(force)
        self.test_function = feed
        return feed

    def get_metrics_result(self) -> dict[str, Any]:
        """Returns the metrics' results as Keras does; in a fast `fit`, those that the loop gave."""
        known = None if self._callbacks is None else self._engine.results()
        return super().get_metrics_result() if known is None else known

    def reset_metrics(self) -> None:
        """Resets the metrics as Keras does; in a fast `fit`, with the same values once more."""
        if self._callbacks is None:
            super().reset_metrics()
        elif not self._engine.reset_metrics():
            super().reset_metrics()
            self._engine.note_reset()

    def _loop_supports(self, arguments: FitArguments) -> bool:
        return (
            not self.run_eagerly
            and type(self).train_step in self.loop_steps()
            and type(self).test_step is keras.Model.test_step
            and type(self).compute_metrics is keras.Model.compute_metrics
            and arguments.are_supported()
            and self._engine.supports(arguments)
        )

    @classmethod
    def loop_steps(cls) -> tuple[Callable[..., Any], ...]:
        """Returns the `train_step` methods that return the metrics' results and nothing else."""
        return (keras.Model.train_step,)

    @contextlib.contextmanager
    def _feeding(
        self, arguments: FitArguments, callbacks: keras.callbacks.CallbackList
    ) -> Iterator[None]:
        """Makes `super().fit` call the compiled loops in place of Keras' functions."""
        most = self._engine.most_steps(arguments)
        steps = batch_callbacks.steps_per_call(self, callbacks, most)
        values: dict[str, Any] = dict.fromkeys(_REPLACED)
        values |= {"steps_per_execution": steps, "_callbacks": callbacks}
        values["_feed"], values["_validation_feed"] = self._engine.feeds(arguments, steps)
        self._keras_values = self._exchange(values)
        try:
            yield
        except BaseException:
            self._engine.repair()
            raise
        finally:
            self._exchange(self._keras_values)

    @contextlib.contextmanager
    def _as_keras(self) -> Iterator[None]:
        """Restores what `_feeding` has replaced, for a call from within a callback."""
        if self._callbacks is None:
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

    def loop(self, kind: str) -> Callable[..., Any]:
        """Returns the compiled loop of `kind` "train" or "test", made once for each `compile`."""
        return self._engine.loop(kind)
