"""Saved models load wherever `tf_recipes` is imported, before Keras or after it."""

import ast
import pathlib

import keras
import pytest

import tf_recipes
from tf_recipes._support import registration

LOAD = """
import sys
{imports}
import numpy as np
model = keras.saving.load_model(sys.argv[1])
print(model.predict(np.ones((2, 8), "float32"), verbose=0).tobytes().hex())
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    inputs = keras.Input((8,))
    outputs = keras.layers.Dense(
        4,
        activation=tf_recipes.leaky_relu,
        kernel_initializer=tf_recipes.he_init(seed=1),
        kernel_regularizer=tf_recipes.l2_regularizer(0.1),
        kernel_constraint=tf_recipes.MaxNorm(0.5),
    )(inputs)
    outputs = tf_recipes.Dropout(0.5)(tf_recipes.BatchNormalization()(outputs))
    model = tf_recipes.GradientClippingModel(inputs, outputs, clip_value=1.0)
    model.compile(tf_recipes.Momentum(0.1), "mse")
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    model.save(path)
    ones = keras.ops.ones((2, 8))
    return path, keras.ops.convert_to_numpy(model(ones, training=False)).tobytes().hex()


@pytest.mark.parametrize(
    "imports",
    [
        "import keras, tf_recipes",
        "import tf_recipes, keras",
        "import tf_recipes.models\nimport keras",
        "import tf_recipes, importlib.util; importlib.util.find_spec('keras')\nimport keras",
    ],
)
def test_a_saved_model_loads_in_a_new_process_in_any_order(saved, run_python, imports):
    """`tests/test_init.py` and `tests/test_saved_files.py` import TensorFlow itself in new ones."""
    path, predicted = saved
    code = LOAD.format(imports=imports)
    assert run_python(code, path, without_keras=True).splitlines()[-1] == predicted


def test_without_the_package_keras_refuses(saved, run_python):
    with pytest.raises(AssertionError, match="GradientClippingModel"):
        run_python(LOAD.format(imports="import keras"), saved[0])


def test_importing_the_package_imports_no_keras_and_leaves_two_finders(run_python):
    code = """
import sys
before = len(sys.meta_path)
import tf_recipes
print("keras" in sys.modules, len(sys.meta_path) - before)
import importlib
importlib.reload(tf_recipes)
print(len(sys.meta_path) - before)
"""
    assert run_python(code, new=True).split() == ["False", "2", "2"]


def test_every_module_that_registers_something_is_listed():
    folder = pathlib.Path(tf_recipes.__file__).parent
    registering = {
        ".".join(path.relative_to(folder).with_suffix("").parts)
        for path in folder.rglob("*.py")
        if any(
            isinstance(node, ast.Attribute) and node.attr == "register_keras_serializable"
            for node in ast.walk(ast.parse(path.read_text()))
        )
    }
    assert registering <= {*registration.modules("tensorflow")}
