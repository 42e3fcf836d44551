"""Tests how the arguments of `fit` are read, and whether the loop supports them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.fast_fit import fit_arguments

X, Y = np.zeros((10, 2)), np.zeros(10, int)


def bound(*args, **kwargs):
    return fit_arguments.bind(None, *args, **kwargs)


def test_defaults_are_those_of_keras():
    arguments = bound(X, Y)
    assert (arguments.batch_size, arguments.validation_batch_size) == (32, 32)
    assert arguments.shuffle is True
    assert arguments.passed_on["epochs"] == 1
    assert arguments.validation is None
    assert arguments.are_supported()


def test_validation_batches_are_as_large_as_training_batches_unless_said():
    assert bound(X, Y, 5).validation_batch_size == 5
    assert bound(X, Y, 5, validation_batch_size=7).validation_batch_size == 7


def test_held_out_rows():
    arguments = bound(X, Y, 2, validation_split=0.3)
    assert (arguments.steps, arguments.validation_steps) == (4, 2)
    arguments = bound(X, Y, 2, validation_split=0.3, validation_data=(X[:4], Y[:4]))
    assert (arguments.steps, arguments.validation_steps) == (5, 2)


def test_class_weights_become_sample_weights_of_training_alone():
    labels = np.array([0, 1] * 5)
    arguments = bound(X, labels, class_weight={1: 2.0}, validation_split=0.2)
    assert arguments.arrays[2].tolist() == [1.0, 2.0] * 4
    assert arguments.validation[2] is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"x": tf.data.Dataset.from_tensors((X, Y))},
        {"x": None},
        {"x": X, "y": Y[:3]},
        {"x": X, "y": Y, "steps_per_epoch": 2},
        {"x": X, "y": Y, "validation_data": (X, Y), "validation_steps": 1},
        {"x": X, "y": Y, "validation_data": tf.data.Dataset.from_tensors((X, Y))},
        {"x": X, "y": Y, "shuffle": "batch"},
        {"x": X, "y": Y, "batch_size": 2.5},
        {"x": X, "y": {"a": Y}},
        {"x": X, "y": Y, "sample_weight": np.ones(10), "class_weight": {0: 1.0}},
        {"x": X, "class_weight": {0: 1.0}},
        {"x": X, "y": Y, "validation_split": 0.99},
        {"x": X, "y": Y, "validation_split": 1e-18},
    ],
    ids=str,
)
def test_what_is_left_to_keras(arguments):
    assert not bound(**arguments).are_supported()


def test_limits_for_debugging_runs_are_left_to_keras():
    keras.config.set_max_epochs(1)
    try:
        assert not bound(X, Y).are_supported()
    finally:
        keras.config.set_max_epochs(None)


def test_an_argument_that_fit_lacks():
    with pytest.raises(TypeError, match="epoch_count"):
        bound(X, Y, epoch_count=3)
