"""A port is trained step by step to the bits that its own `fit` gives."""

import keras
import numpy as np
import pytest

from tf_recipes.verify.bench import keras_steps

RNG = np.random.default_rng(0)
BATCHES = [
    (RNG.random((rows, 6), np.float32), RNG.integers(0, 3, rows), None) for rows in (8, 8, 5)
]


class LossOfEachBatch(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.losses = []

    def on_train_batch_begin(self, batch, logs=None):
        self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"])


class FitsHalves(keras.Model):
    def fit(self, data, **options):
        return super().fit(((x / 2, y) for x, y in data), **options)


def made(kind=keras.Model, **options):
    keras.utils.set_random_seed(3)
    x = keras.Input((6,))
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(5, activation="elu")(x))
    model = kind(x, keras.layers.Dense(3)(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.Adam(0.05, **options), loss, metrics=["accuracy"], jit_compile=False
    )
    return model


def trained(model, batches=BATCHES):
    steps = []
    losses = keras_steps.train(model, batches, None, [], steps.append)
    assert steps == [1, 2, 3] and len(losses) == 3
    return losses


@pytest.mark.parametrize("options", [{}, {"use_ema": True, "ema_momentum": 0.5}])
def test_the_variables_and_the_losses_are_those_of_fit(options):
    model, fitted, noted = made(**options), made(**options), LossOfEachBatch()
    losses = trained(model)
    batches = ((x, y) for x, y, _ in BATCHES)
    fitted.fit(batches, steps_per_epoch=3, shuffle=False, verbose=0, callbacks=[noted])
    assert list(losses) == noted.losses
    for mine, its in zip(model.variables, fitted.variables, strict=True):
        assert np.array_equal(mine, its), mine.path


def test_a_model_with_its_own_fit_is_trained_by_it():
    losses = trained(made(FitsHalves))
    halves = [(x / 2, y, weight) for x, y, weight in BATCHES]
    assert np.array_equal(losses, trained(made(), halves))
    assert not np.array_equal(losses, trained(made()))


def test_an_error_of_the_model_is_one_line(fails):
    batch = np.ones((8, 7), np.float32), BATCHES[0][1], None
    with fails("The model must train on the batches", "given x (8, 7), y (8,)"):
        keras_steps.train(made(), [batch], None, [], print)
