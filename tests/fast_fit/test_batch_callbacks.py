"""Tests after how many steps the callbacks must be called."""

import types

import keras
import pytest

from tf_recipes.fast_fit import batch_callbacks


class EachBatch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


class EachOldBatch(keras.callbacks.Callback):
    def on_batch_begin(self, batch, logs=None):
        pass


class EachTestBatch(keras.callbacks.Callback):
    def on_test_batch_end(self, batch, logs=None):
        pass


class AnyBatches(EachBatch):
    batch_interval = None


class EverySixth(EachBatch):
    batch_interval = 6


class EveryFourth(EachBatch):
    batch_interval = 4


class NoHook(keras.callbacks.Callback):
    batch_interval = 5


class EachEpoch(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        pass


class OwnTensorBoard(keras.callbacks.TensorBoard):
    def on_train_batch_end(self, batch, logs=None):
        pass


CASES = {
    "each batch": (EachBatch, 1),
    "each batch, by the old name": (EachOldBatch, 1),
    "each batch of the validation": (EachTestBatch, 1),
    "any batches": (AnyBatches, None),
    "every sixth batch": (EverySixth, 6),
    "no hook": (NoHook, None),
    "each epoch": (EachEpoch, None),
    "history": (keras.callbacks.History, None),
    "progress bar": (keras.callbacks.ProgbarLogger, None),
    "early stopping": (keras.callbacks.EarlyStopping, None),
    "stops at NaN": (keras.callbacks.TerminateOnNaN, 1),
    "TensorBoard": (lambda: keras.callbacks.TensorBoard("logs"), None),
    "TensorBoard, steps": (lambda: keras.callbacks.TensorBoard("logs", update_freq=5), 1),
    "TensorBoard, speed": (
        lambda: keras.callbacks.TensorBoard("logs", write_steps_per_second=True),
        1,
    ),
    "TensorBoard, own": (lambda: OwnTensorBoard("logs"), 1),
    "checkpoint": (lambda: keras.callbacks.ModelCheckpoint("a.keras"), None),
    "checkpoint, steps": (lambda: keras.callbacks.ModelCheckpoint("a.keras", save_freq=5), 1),
    "lambda, epochs": (lambda: keras.callbacks.LambdaCallback(on_epoch_end=print), None),
    "lambda, batches": (lambda: keras.callbacks.LambdaCallback(on_train_batch_end=print), 1),
}


@pytest.mark.parametrize(("make", "expected"), CASES.values(), ids=CASES)
def test_interval(make, expected):
    assert batch_callbacks.interval([keras.callbacks.History(), make()]) == expected


def test_no_interval_without_callbacks():
    assert batch_callbacks.interval([]) is None


def test_two_intervals_are_both_kept():
    assert batch_callbacks.interval([EverySixth(), EveryFourth()]) == 2  # gcd(6, 4)
    assert batch_callbacks.interval([EverySixth(), EachBatch()]) == 1


@pytest.mark.parametrize(
    ("interval", "steps"), [(None, 500), (6, 6), (500, 500), (1000, 500), (750, 375), (1001, 143)]
)
def test_a_call_ends_at_each_multiple_of_the_interval(interval, steps):
    callback = EachBatch()
    callback.batch_interval = interval
    callbacks = types.SimpleNamespace(callbacks=[callback])
    model = types.SimpleNamespace(steps_per_execution=1)
    assert batch_callbacks.steps_per_call(model, callbacks) == steps
