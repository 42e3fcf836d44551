"""Tests training on Keras' JAX backend, in one process that has no TensorFlow."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest

import limits
import new_python
import xla_flags

LIMIT = 10.0  # one-ulp sensitivities, as for a port that matches TF1


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed; Keras can do without it")
    folder = tmp_path_factory.mktemp("on_jax")
    done = new_python.run(
        [sys.executable, Path(__file__).with_name("train_on_jax.py"), folder],
        env={
            **os.environ,
            **xla_flags.on("jax", "--xla_force_host_platform_device_count=4"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
        capture_output=True,
        text=True,
        timeout=limits.PROCESS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "found.json").read_text())


@pytest.mark.parametrize("count", [2, 4])
def test_several_devices_take_the_trajectory_of_one(found, count):
    """Checks it with batch norm, dropout, clipping, max-norm, a rate that decays and a rest."""
    several, accuracy = found["several_devices"]
    ratio, devices, same_seeds = several[str(count)]
    assert ratio <= LIMIT
    assert (devices, same_seeds) == (count, True)
    assert accuracy > 0.3  # the run is worth comparing


def test_a_killed_training_that_goes_on_ends_with_the_same_bits(found):
    assert found["killed"] == []


def test_a_loss_that_is_not_finite_is_named_with_its_layer(found):
    text, kept = found["diverged"]
    assert "in step 2 (epoch 1/2, step 2 of 9): first in the output of layer hidden1; " in text
    assert "learning rate 1e+38. The last good weights, from before that step, are in " in text
    assert kept == 1


def test_the_command_trains_on_several_devices(found):
    status, printed, history = found["commanded"]
    assert status == 0
    assert printed.startswith("epoch 1/1: loss ") and "written to " in printed
    assert history["test_accuracy"] > 0.7 and "jax" in history["versions"]
