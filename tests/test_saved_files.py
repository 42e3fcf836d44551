"""Files that an earlier layout of the package saved load as before, with the same slots."""

import pathlib

import keras
import numpy as np
import pytest

import tf_recipes  # noqa: F401  Keras then knows its classes

FOLDER = pathlib.Path(__file__).parent / "goldens" / "saved_models"
NAMES = sorted(path.stem for path in FOLDER.glob("*.keras"))


@pytest.fixture(scope="module")
def expected():
    with np.load(FOLDER / "expected.npz", allow_pickle=False) as file:
        return dict(file)


def inputs(model):
    """What `goldens/save_models.py` gave each model."""
    shape = (12, *model.input_shape[1:])
    return (np.arange(np.prod(shape)) ** 2 % 11 / 11).reshape(shape).astype("float32")


def test_there_is_one_for_each_optimizer_and_each_kind_of_model():
    assert NAMES == [
        "adagrad",
        "adam",
        "best_practice",
        "fast_fit",
        "gradient_clipping",
        "momentum",
        "rmsprop",
        "svm_head",
        "textbook",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_and_gives_out_what_it_did(name, expected):
    model = keras.saving.load_model(FOLDER / f"{name}.keras")
    outputs = keras.ops.convert_to_numpy(model(inputs(model), training=False))
    # another processor may add in another order
    np.testing.assert_allclose(outputs, expected[f"{name}/outputs"], rtol=1e-5, atol=1e-6)
    slots = [keras.ops.convert_to_numpy(variable) for variable in model.optimizer.variables]
    kept = [key for key in expected if key.startswith(f"{name}/optimizer/")]
    assert len(slots) == len(kept) > 1
    for k, slot in enumerate(slots):
        np.testing.assert_array_equal(slot, expected[f"{name}/optimizer/{k}"])


def test_a_process_that_imports_keras_first_loads_them(run_python, expected):
    code = """
import sys, keras, tf_recipes
model = keras.saving.load_model(sys.argv[1])
print(type(model).__name__, type(model.optimizer).__name__, len(model.optimizer.variables))
"""
    count = sum(key.startswith("best_practice/optimizer/") for key in expected)
    printed = run_python(code, FOLDER / "best_practice.keras")
    assert printed == f"FastFitModel Momentum {count}"
