"""Which callbacks make every step a call of its own."""

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


class SomeBatches(EachBatch):
    every_batch = False


class EachEpoch(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        pass


class OwnTensorBoard(keras.callbacks.TensorBoard):
    def on_train_batch_end(self, batch, logs=None):
        pass


CASES = {
    "each batch": (EachBatch, True),
    "each batch, by the old name": (EachOldBatch, True),
    "each batch of the validation": (EachTestBatch, True),
    "some batches": (SomeBatches, False),
    "each epoch": (EachEpoch, False),
    "history": (keras.callbacks.History, False),
    "progress bar": (keras.callbacks.ProgbarLogger, False),
    "early stopping": (keras.callbacks.EarlyStopping, False),
    "stops at NaN": (keras.callbacks.TerminateOnNaN, True),
    "TensorBoard": (lambda: keras.callbacks.TensorBoard("logs"), False),
    "TensorBoard, steps": (lambda: keras.callbacks.TensorBoard("logs", update_freq=5), True),
    "TensorBoard, speed": (
        lambda: keras.callbacks.TensorBoard("logs", write_steps_per_second=True),
        True,
    ),
    "TensorBoard, own": (lambda: OwnTensorBoard("logs"), True),
    "checkpoint": (lambda: keras.callbacks.ModelCheckpoint("a.keras"), False),
    "checkpoint, steps": (lambda: keras.callbacks.ModelCheckpoint("a.keras", save_freq=5), True),
    "lambda, epochs": (lambda: keras.callbacks.LambdaCallback(on_epoch_end=print), False),
    "lambda, batches": (lambda: keras.callbacks.LambdaCallback(on_train_batch_end=print), True),
}


@pytest.mark.parametrize(("make", "expected"), CASES.values(), ids=CASES)
def test_needed(make, expected):
    assert batch_callbacks.needed([keras.callbacks.History(), make()]) is expected


def test_nothing_is_needed_without_callbacks():
    assert not batch_callbacks.needed([])
