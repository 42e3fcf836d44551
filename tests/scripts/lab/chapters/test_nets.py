"""Tests that restarts give the numbers of a new model without compiling one."""

import types

import keras
import numpy as np
import pytest

from lab.chapters import nets
from tf_recipes.recipe import Recipe

ADAM = {"name": "adam", "learning_rate": 0.01}
RECIPE = Recipe("small", hidden=(8,), keep_prob=0.8, batch_norm={}, optimizer=ADAM)


def build(seed):
    return nets.build(RECIPE, seed)


def values(model):
    layers = [variable for layer in model.layers for variable in layer.variables]
    return [v.numpy() for v in [*layers, *model.optimizer.variables]]


def test_a_restart_is_as_a_new_model(digits):
    restarts = nets.Restarts(build)
    first = restarts(0)
    nets.fit(first, *digits, 2, seed=9, batch_size=16)
    again = restarts(1)
    assert again is first
    fresh = build(1)
    histories = [nets.fit(model, *digits, 3, seed=5, batch_size=16) for model in (again, fresh)]
    assert histories[0]["loss"] == histories[1]["loss"]
    for found, expected in zip(values(again), values(fresh), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_each_epoch_has_an_order_of_its_own_that_follows_from_the_seed():
    seen = []

    class Model:
        def fit(self, x, y, **arguments):
            seen.append(x.tolist())
            assert (y == 10 * x).all()
            assert arguments["shuffle"] is False
            return types.SimpleNamespace(history={"loss": [0.5]})

    x = np.arange(30)
    for _ in range(2):
        nets.fit(Model(), x, 10 * x, 2, seed=3)
    assert seen[:2] == seen[2:]
    assert seen[0] != seen[1]
    assert sorted(seen[0]) == x.tolist()


def test_held_out_rows_are_judged_after_each_epoch(digits):
    model = build(0)
    history = nets.fit(model, *digits, 2, seed=0, held_out=digits, batch_size=16)
    loss, accuracy = model.evaluate(*digits, verbose=0)
    assert history["val_loss"][-1] == pytest.approx(loss, rel=1e-5)
    assert history["val_accuracy"][-1] == pytest.approx(accuracy)
    assert [len(each) for each in history.values()] == [2] * len(history)


def test_accuracy_counts_the_largest_logit():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    x = np.array([[1.0, 2.0, 0.0], [3.0, 1.0, 0.0], [0.0, 0.0, 1.0], [5.0, 6.0, 7.0]])
    assert nets.accuracy(model, x, np.array([1, 0, 1, 2])) == 0.75
