"""Trains a Keras model step by step, with the masks that dropout drew in TF1."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from tf_recipes.verify.bench.keras_forward import errors_of_the_model, given_in_words
from tf_recipes.verify.bench.masks import Drawn, Masks

_LIBRARIES = ("keras.", "tf_recipes.")


def train(
    model: keras.Model,
    batches: Sequence[tuple[Any, Any, Any]],
    masks: Masks | None,
    drawn: Sequence[Mapping[str, Drawn]],
    after: Callable[[int], object],
) -> NDArray[Any]:
    """Trains the model as `fit` does, a step for each batch; returns the losses before each step.

    Args:
        model: a compiled model.
        batches: `(x, y, sample weights or None)` of each step.
        masks: what sets the masks, or None.
        drawn: the masks, and the noise, of each step.
        after: called with the step's number, from 1, after each step.

    Raises:
        ValueError: if the model does not train on such batches.
    """
    model.jit_compile = False  # to compile a program costs more than a few steps of it
    model.steps_per_execution = 1
    losses: list[float] = []
    for first, last in _calls(len(batches)):
        watch = _EachStep(masks, drawn[first:last], first, after)
        watch.set_model(model)
        packed = [_packed(*batch) for batch in batches[first:last]]
        run = _fit if _needs_fit(model) else _run_train_function
        with (
            errors_of_the_model("train on the batches", given_in_words(*batches[first])),
            _reads_before_updates(),
        ):
            run(model, packed, watch)
        losses += watch.finish()
    return np.array(losses)


def _needs_fit(model: keras.Model) -> bool:
    """Returns whether only `fit` itself trains the model as its owner trains it."""
    if (
        keras.backend.backend() != "tensorflow"
        or model.distribute_strategy.num_replicas_in_sync > 1
    ):
        return True
    own = [kind for kind in type(model).__mro__ if not kind.__module__.startswith(_LIBRARIES)]
    return any(name in vars(kind) for kind in own for name in ("fit", "make_train_function"))


def _fit(model: keras.Model, batches: Sequence[tuple[Any, ...]], watch: _EachStep) -> None:
    """Trains the model by `fit`, which takes a generator and no other iterator."""
    given = (batch for batch in batches)
    steps = len(batches)
    model.fit(given, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[watch])


def _run_train_function(
    model: keras.Model, batches: Sequence[tuple[Any, ...]], watch: _EachStep
) -> None:
    """Trains the model by the function that `fit` calls for each step, and ends as `fit` does.

    To trace the pipeline of data that `fit` puts around it takes a quarter of the time of a short
    training.
    """
    model.make_train_function()
    for k, batch in enumerate(batches):
        watch.on_train_batch_begin(k)
        data = keras.tree.map_structure(ops.convert_to_tensor, batch)
        watch.on_train_batch_end(k, model.train_function(iter([data])))
    if isinstance(model.optimizer, keras.optimizers.Optimizer):
        model.optimizer.finalize_variable_values(model.trainable_weights)


@contextlib.contextmanager
def _reads_before_updates() -> Iterator[None]:
    """Lets each step read a variable before its update, also under the optimizers of Keras.

    TensorFlow's dependency optimizer takes this order away where Keras joins all gradients in an
    `IdentityN`; see `TF1Optimizer._all_reduce_sum_gradients`. With that optimizer, a right port
    would differ now and then: a critic, or one with a trained scale of the loss.
    """
    if keras.backend.backend() != "tensorflow":
        yield
        return
    name = "dependency_optimization"
    before = tf.config.optimizer.get_experimental_options().get(name, True)
    tf.config.optimizer.set_experimental_options({name: False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({name: before})


def _calls(steps: int) -> list[tuple[int, int]]:
    """Returns the first step of each call of `fit`, and the one after its last.

    On JAX the variables get their values at the end of a call alone.
    """
    if keras.backend.backend() == "jax":
        return [(k, k + 1) for k in range(steps)]
    return [(0, steps)]


class _EachStep(keras.callbacks.Callback):
    """Sets the masks before each step, and notes the loss of each step."""

    def __init__(
        self,
        masks: Masks | None,
        drawn: Sequence[Mapping[str, Drawn]],
        first: int,
        after: Callable[[int], object],
    ) -> None:
        super().__init__()
        self._losses: list[float] = []
        self._masks, self._drawn, self._first, self._after = masks, drawn, first, after

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.reset_metrics()
        if self._masks is not None and self._drawn:
            self._masks.set(self._drawn[batch])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        found = float(np.asarray((logs or {}).get("loss", np.nan)))
        # NaN stands for a step that gives no loss, so that a loss which is NaN is infinite here
        self._losses.append(np.inf if np.isnan(found) and "loss" in (logs or {}) else found)
        if keras.backend.backend() != "jax":
            self._after(self._first + batch + 1)

    def finish(self) -> list[float]:
        """Returns the losses, after the variables have their values."""
        if keras.backend.backend() == "jax":
            self._after(self._first + 1)
        return self._losses


def _packed(x: Any, y: Any, weight: Any) -> tuple[Any, ...]:
    """Returns a batch as `fit` gives it to a `train_step`: without what there is not."""
    x, y = (tuple(each) if isinstance(each, list) else each for each in (x, y))
    if weight is not None:
        return x, y, weight
    return (x,) if y is None else (x, y)
