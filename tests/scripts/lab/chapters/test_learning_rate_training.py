"""Tests training at a constant rate and under a schedule."""

import numpy as np
import pytest

from lab.chapters import nets
from lab.chapters.learning_rate_training import Trainer
from tf_recipes.recipe import Recipe
from tf_recipes.training.splits import split

DECAY = {"decay_steps": 2, "decay_rate": 0.5}


@pytest.fixture(scope="module")
def data(sample):
    train, held_out, _ = split(sample, "float32")
    return (train[0][:520], train[1][:520]), held_out  # ten batches and a rest


def trainer(data, schedule=None, epochs=2):
    optimizer = {"name": "momentum", "learning_rate": 0.05}
    recipe = Recipe("trainer", hidden=(30,), optimizer=optimizer, schedule=schedule)
    return Trainer(nets.Restarts(lambda seed: nets.build(recipe, seed)), *data, epochs)


@pytest.fixture(scope="module")
def steady(data):
    return trainer(data)


def test_it_tests_five_times_an_epoch(steady):
    run = steady.run(0, 0.05, 0.5)
    assert run["epochs"] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0])
    assert len(run["val_accuracy"]) == len(run["val_loss"]) == 10
    assert run["val_accuracy"][-1] > 0.7 > 0.5 > run["val_accuracy"][0]
    first = np.flatnonzero(np.array(run["val_accuracy"]) >= 0.5)[0]
    assert run["epochs_to_target"] == run["epochs"][first]
    assert int(steady.model.optimizer.iterations) == steady.steps == 21  # 2 * 520 / 50


def test_accuracy_is_keras_own(steady, data):
    run = steady.run(0, 0.05, 0.5)
    loss, accuracy = steady.model.evaluate(*data[1], batch_size=1000, verbose=0)
    assert run["val_accuracy"][-1] == pytest.approx(accuracy, abs=1e-6)
    assert run["val_loss"][-1] == pytest.approx(loss, rel=1e-5)


def test_what_is_not_reached_is_none(steady):
    assert steady.run(0, 0.05, 0.999)["epochs_to_target"] is None


def test_a_run_follows_from_its_seed_and_rate(steady):
    first = steady.run(0, 0.05, 0.5)
    assert steady.run(1, 0.05, 0.5)["val_loss"] != first["val_loss"]
    assert steady.run(0, 0.005, 0.5)["val_loss"] != first["val_loss"]
    assert steady.run(0, 0.05, 0.5) == first


def test_without_a_rate_the_models_own_schedule_rules(data, steady):
    falling = trainer(data, DECAY)
    run = falling.run(0, None, 0.5)
    # 21 steps: 0.05 / 2^(21 / 2)
    assert float(falling.model.optimizer.learning_rate) == pytest.approx(0.05 / 2**10.5, rel=1e-5)
    assert run["val_loss"][-1] > steady.run(0, 0.05, 0.5)["val_loss"][-1]
