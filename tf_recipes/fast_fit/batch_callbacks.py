"""Which callbacks must see every batch."""

import keras

from tf_recipes.fast_fit.arrays import LONGEST

_HOOKS = [
    *(f"on_{kind}batch_{end}" for kind in ("", "train_", "test_") for end in ("begin", "end"))
]
_KERAS = keras.callbacks


def needed(callbacks):
    """Whether one of `callbacks` must be called at every batch.

    One must if it has a hook for batches, except for those of Keras' own that do nothing there as
    they are set, and for those with an attribute `every_batch = False`.

    Args:
        callbacks: list of `keras.callbacks.Callback`.
    """
    return any(_has_a_hook(callback) and _uses_it(callback) for callback in callbacks)


def _has_a_hook(callback):
    # LambdaCallback sets its hooks on the instance.
    return any(
        hook in vars(callback)
        or getattr(type(callback), hook) is not getattr(_KERAS.Callback, hook)
        for hook in _HOOKS
    )


def _uses_it(callback):
    kind = type(callback)
    if kind is _KERAS.TensorBoard:
        profiles = getattr(callback, "_start_batch", 1) > 0
        return callback.update_freq != "epoch" or profiles or callback.write_steps_per_second
    if kind in (_KERAS.ModelCheckpoint, _KERAS.BackupAndRestore):
        return isinstance(callback.save_freq, int)
    if kind is _KERAS.ProgbarLogger:
        return False
    return getattr(callback, "every_batch", True)


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
    if needed(callbacks.callbacks):
        return model.steps_per_execution
    return max(LONGEST, model.steps_per_execution)


class Container(_KERAS.CallbackList):
    """Keras' container, told steps of the epoch only: the last call may end before its time."""

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(min(batch, self.params["steps"] - 1), logs)
