"""Which callbacks must see every batch."""

import math

import keras

from tf_recipes.fast_fit.batches import LONGEST

_HOOKS = [
    *(f"on_{kind}batch_{end}" for kind in ("", "train_", "test_") for end in ("begin", "end"))
]
_KERAS = keras.callbacks


def interval(callbacks):
    """After how many batches `callbacks` must be called; None if they need not be.

    A callback with a hook for batches must be called at each, except for those of Keras' own that
    do nothing there as they are set, and for those with an attribute `batch_interval`: an int, for
    a call after every so many batches of an epoch and after its last, or None.

    Args:
        callbacks: list of `keras.callbacks.Callback`.
    """
    found = [_interval(callback) for callback in callbacks if _has_a_hook(callback)]
    wanted = [each for each in found if each is not None]
    return math.gcd(*wanted) if wanted else None


def _has_a_hook(callback):
    # LambdaCallback sets its hooks on the instance.
    return any(
        hook in vars(callback)
        or getattr(type(callback), hook) is not getattr(_KERAS.Callback, hook)
        for hook in _HOOKS
    )


def _interval(callback):
    kind = type(callback)
    if kind is _KERAS.TensorBoard:
        profiles = getattr(callback, "_start_batch", 1) > 0
        busy = callback.update_freq != "epoch" or profiles or callback.write_steps_per_second
        return 1 if busy else None
    if kind in (_KERAS.ModelCheckpoint, _KERAS.BackupAndRestore):
        return 1 if isinstance(callback.save_freq, int) else None
    if kind is _KERAS.ProgbarLogger:
        return None
    return getattr(callback, "batch_interval", 1)


def container(model, wanted):
    """The callbacks of a call of `fit`, with Keras' history and progress bar.

    Args:
        model: the `keras.Model`.
        wanted: `fit_arguments.FitArguments`.
    """
    if isinstance(wanted.callbacks, _KERAS.CallbackList):
        return wanted.callbacks
    verbose = wanted.passed_on["verbose"]
    return Container(
        wanted.callbacks,
        add_history=True,
        add_progbar=verbose != 0,
        verbose=verbose,
        epochs=wanted.passed_on["epochs"],
        steps=wanted.steps,
        model=model,
    )


def steps_per_call(model, callbacks):
    """How many steps to run between two calls of the callbacks' hooks for batches."""
    wanted = interval(callbacks.callbacks) or LONGEST
    # a divisor, so that a call ends at each multiple of what is wanted
    most = next(steps for steps in range(min(LONGEST, wanted), 0, -1) if wanted % steps == 0)
    return max(most, model.steps_per_execution)


class Container(_KERAS.CallbackList):
    """Keras' container, told steps of the epoch only: the last call may end before its time."""

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(min(batch, self.params["steps"] - 1), logs)
