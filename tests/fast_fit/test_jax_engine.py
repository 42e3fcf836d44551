"""Tests the loop on Keras' JAX backend, in one process that has no TensorFlow."""

import importlib.util
import json
import os
import runpy
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import limits
import new_python
import tf_recipes
import xla_flags

ULP = 2**-23  # of 1.0 in float32
PROGRAM = Path(__file__).with_name("fit_on_jax.py")


@pytest.fixture(scope="module")
def here():
    """What the program defines, on the backend of this process."""
    return runpy.run_path(PROGRAM)


@pytest.fixture(scope="module")
def folder(here, tmp_path_factory):
    """A folder with a model that TensorFlow trained and saved, and that went on afterwards."""
    folder = tmp_path_factory.mktemp("saved")
    model = here["built"](tf_recipes.FastFitModel, here["momentum"]())
    here["trained"](model, shuffle=False)
    model.save(folder / "saved.keras")
    return folder


@pytest.fixture(scope="module")
def found(folder):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed; Keras can do without it")
    done = new_python.run(
        [sys.executable, PROGRAM, folder],
        env={
            **os.environ,
            **xla_flags.on("jax", "--xla_force_host_platform_device_count=2"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
        capture_output=True,
        text=True,
        timeout=limits.PROCESS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_name_is_there_without_tensorflow(found):
    assert found["names_that_fail"] == []


@pytest.mark.parametrize(("case", "size"), [("everything", 8), ("streamed", 5), ("clipped", 5)])
def test_history_and_weights_are_those_of_keras(found, case, size):
    distance, sizes = found[case]
    assert distance <= 2 * ULP  # history and weights are below 2
    assert sizes == [size]


def test_a_callback_sees_the_batches_of_its_interval_and_the_last(found):
    assert found["seen_by_a_callback"] == [[3, True], [7, True], [9, True]]  # 10 batches


def test_steps_of_their_own_kind_take_the_path_of_keras(found):
    assert found["own_code"] == [False, False]


def test_a_model_that_tensorflow_saved_goes_on_as_there(found, here, folder):
    kind, step, sizes, weights = found["saved_elsewhere"]
    model = keras.saving.load_model(folder / "saved.keras")
    _, expected = here["trained"](model, shuffle=False)
    assert (kind, step, sizes) == ("FastFitModel", 30, [5])  # 3 epochs of 10 steps; 47 rows
    for one, other in zip(weights, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=8 * ULP)
    back = keras.saving.load_model(folder / "gone_on.keras")
    assert int(back.optimizer.iterations) == 60
    for one, other in zip(weights, back.get_weights(), strict=True):
        np.testing.assert_array_equal(np.float32(one), other)


def test_arrays_are_copied_again_only_after_a_change(found):
    # JAX has the labels, int64, as int32, so that their bytes cannot be compared
    assert found["kept_copies"] == [[True], True]


def test_ctrl_c_ends_a_fit_after_the_running_call_with_the_weights_of_its_last_step(found):
    assert found["interrupted"] == [[True, True, True]] * 3


def test_two_devices_take_the_trajectory_of_one(found):
    distance, sizes, devices = found["on_two_devices"]
    assert distance <= 4 * ULP
    assert (sizes, devices) == ([8], 2)
