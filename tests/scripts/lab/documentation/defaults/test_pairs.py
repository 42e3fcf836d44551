"""Tests the pairs of defaults against TF 1.15 and Keras, hidden defaults by measurement."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import limits
from lab.documentation.defaults import table
from tf_recipes.parity.tf1 import interpreter

FOLDER = Path(__file__).with_name("hidden")


def cases():
    """Returns `{name: case}` of all files `keras_*.py`, which import one another."""
    sys.path.insert(0, str(FOLDER))
    try:
        for path in sorted(FOLDER.glob("keras_*.py")):
            importlib.import_module(path.stem)
        return importlib.import_module("keras_helpers").CASES
    finally:
        sys.path.remove(str(FOLDER))


CASES = cases()


@pytest.fixture(scope="module")
def measured(tf1_python):
    """Runs the measurements on TF 1.15, and returns `{name: numbers}`."""
    done = subprocess.run(
        [tf1_python, "-W", "ignore", FOLDER / "program.py"],
        env=interpreter.process_environment(TF_CPP_MIN_LOG_LEVEL="2", PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        check=False,
        text=True,
        timeout=limits.PROCESS,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def close(one, other, tolerance):
    return np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=1e-5, atol=tolerance)


def test_every_default_in_the_code_is_measured():
    proofs = {hidden.proof for pair in table.PAIRS for hidden in pair.hidden}
    assert proofs == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_tf1_does_what_the_table_says(name, measured):
    case = CASES[name]
    assert close(measured[name], case.tf1, case.tolerance), measured[name]


@pytest.mark.parametrize("name", CASES)
def test_keras_does_what_the_table_says(name):
    keras.utils.set_random_seed(1)
    case = CASES[name]
    found = np.ravel(keras.ops.convert_to_numpy(case.measure()))
    assert close(found, case.keras, case.tolerance), found
    assert not close(found, case.tf1, case.tolerance), "they do the same; the table says otherwise"


def test_a_kernel_without_an_initializer_is_glorots_on_both_sides(measured):
    """The table needs no row for this initializer: TF1's `None` is `'glorot_uniform'`."""
    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense(100)
    dense.build((1, 100))
    separable = keras.layers.SeparableConv2D(1, 3, depth_multiplier=50)
    separable.build((1, 4, 4, 40))
    found = [np.abs(each).max() for each in (dense.kernel, separable.depthwise_kernel)]
    glorots = [np.sqrt(6 / 200), np.sqrt(6 / (9 * 90))]  # the largest of 10,000 and 18,000 draws
    assert np.allclose(found, glorots, rtol=1e-3, atol=0)
    assert np.allclose(measured["no_initializer"], [*glorots, glorots[1]], rtol=1e-3, atol=0)
