"""Tests that the rows come in the order in which Keras' own `fit` visits them."""

import itertools

import keras
import numpy as np
import pytest

from tf_recipes.fast_fit import order


class Recorder(keras.Model):
    """Records the rows of each step of Keras' `fit`."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.rows = []

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        self.rows.extend(np.array(data[0])[:, 0].astype(int).tolist())
        return {"loss": 0.0}


def rows_of_keras(count, epochs, shuffle):
    recorder = Recorder()
    recorder.compile(run_eagerly=True, loss="mse")
    rows = np.arange(count, dtype="float32")[:, None]
    recorder.fit(rows, rows, batch_size=5, epochs=epochs, shuffle=shuffle, verbose=0)
    return recorder.rows


@pytest.mark.parametrize("count", [1, 12, 300])
def test_order_is_that_of_keras_for_the_same_seed(count):
    keras.utils.set_random_seed(7)
    expected = rows_of_keras(count, 4, True)
    keras.utils.set_random_seed(7)
    found = np.concatenate(list(itertools.islice(order.epochs(count, True), 4)))
    assert found.tolist() == expected
    assert sorted(found[:count].tolist()) == list(range(count))


def test_another_seed_gives_another_order():
    found = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        found.append(next(order.epochs(300, True)).numpy())
    assert (found[0] != found[1]).any()


def test_without_shuffling_rows_come_as_they_are():
    assert next(order.epochs(4, False)).numpy().tolist() == [0, 1, 2, 3]


def test_without_a_seed_every_epoch_has_another_order(run_python):
    code = (
        "import itertools; from tf_recipes.fast_fit import order; "
        "print(len({tuple(o.numpy()) for o in itertools.islice(order.epochs(300, True), 5)}))"
    )
    assert run_python(code) == "5"
