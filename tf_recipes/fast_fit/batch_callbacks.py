"""Finds out after how many batches the callbacks of `fit` must be called."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from tf_recipes.fast_fit.arrays import LONGEST
from tf_recipes.fast_fit.fit_arguments import FitArguments

_BATCH_HOOKS = [
    *(f"on_{kind}batch_{end}" for kind in ("", "train_", "test_") for end in ("begin", "end"))
]


def interval(callbacks: Iterable[keras.callbacks.Callback]) -> int | None:
    """Returns after how many batches the callbacks must be called; None if they need no call.

    A callback with a hook for batches must be called after every batch, with two exceptions. The
    first is a callback of Keras that does nothing for batches with its settings. The second is a
    callback with an attribute `batch_interval`: an int n, for a call after every n batches of an
    epoch and after its last batch, or None.

    Args:
        callbacks: `keras.callbacks.Callback`s.
    """
    intervals = [_interval(callback) for callback in callbacks if _has_batch_hook(callback)]
    required = [each for each in intervals if each is not None]
    return math.gcd(*required) if required else None


def _has_batch_hook(callback: keras.callbacks.Callback) -> bool:
    # LambdaCallback sets its hooks on the instance.
    return any(
        hook in vars(callback)
        or getattr(type(callback), hook) is not getattr(keras.callbacks.Callback, hook)
        for hook in _BATCH_HOOKS
    )


def _interval(callback: keras.callbacks.Callback) -> int | None:
    kind = type(callback)
    if kind is keras.callbacks.TensorBoard:
        profiles = getattr(callback, "_start_batch", 1) > 0
        busy = callback.update_freq != "epoch" or profiles or callback.write_steps_per_second
        return 1 if busy else None
    if kind in (keras.callbacks.ModelCheckpoint, keras.callbacks.BackupAndRestore):
        return 1 if isinstance(callback.save_freq, int) else None
    if kind is keras.callbacks.ProgbarLogger:
        return None
    return getattr(callback, "batch_interval", 1)


def container(model: keras.Model, arguments: FitArguments) -> keras.callbacks.CallbackList:
    """Returns the callbacks of a call of `fit`, with Keras' history and progress bar.

    Args:
        model: the `keras.Model`.
        arguments: the arguments of the call.
    """
    if isinstance(arguments.callbacks, keras.callbacks.CallbackList):
        return arguments.callbacks
    verbose = arguments.passed_on["verbose"]
    return Container(
        arguments.callbacks,
        add_history=True,
        add_progbar=verbose != 0,
        verbose=verbose,
        epochs=arguments.passed_on["epochs"],
        steps=arguments.steps,
        model=model,
    )


def steps_per_call(
    model: keras.Model, callbacks: keras.callbacks.CallbackList, longest: int = LONGEST
) -> int:
    """Returns how many steps to run between two calls of the callbacks' hooks for batches.

    Args:
        model: a compiled `keras.Model`.
        callbacks: all callbacks of the `fit`.
        longest: int, the most steps of one call.
    """
    required = interval(callbacks.callbacks) or longest
    # A divisor, so that a call of the loop ends at each multiple of the required interval.
    largest = next(steps for steps in range(min(longest, required), 0, -1) if required % steps == 0)
    return max(largest, model.steps_per_execution)


class Container(keras.callbacks.CallbackList):
    """Holds callbacks as Keras' container does, but passes them no step beyond the epoch's last.

    Keras counts all steps of a call, and the last call of an epoch may run fewer.
    """

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Calls the hook of each callback with the number of the last step that was run."""
        super().on_train_batch_end(min(batch, self.params["steps"] - 1), logs)
