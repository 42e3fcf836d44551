"""Tests that steps in one compiled loop have the values of single steps."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes
from tf_recipes.fast_fit import batches
from tf_recipes.fast_fit.loop import Loop


def model_and_data():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(5, activation="tanh")(tf_recipes.Dropout(0.5, seed=3)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(3)(tf_recipes.BatchNormalization()(hidden)))
    model.compile(
        optimizer=tf_recipes.Momentum(0.1),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model, rows()


def rows():
    rng = np.random.default_rng(0)
    return rng.random((23, 6), np.float32), rng.integers(0, 3, 23), None


@pytest.fixture(scope="module")
def loops():
    """`{jit_compile: (model, its first values, loop)}`, whose compiled code serves all tests."""
    made = {}
    for jit_compile in (True, False):
        model, _ = model_and_data()
        values = [v.numpy() for v in all_variables(model)]
        loop = Loop(model, model.train_step, jit_compile, draws=True)
        made[jit_compile] = model, values, loop
    return made


def all_variables(model):
    model.optimizer.build(model.trainable_variables)
    return model.variables + model.optimizer.variables


@pytest.fixture
def run(loops):
    """`run(jit_compile, memory_budget, pieces)`: variables and metrics after an epoch.

    Its batches have 5 rows. `pieces` are the calls: pairs of the first step and the step after the
    last.
    """

    def run(jit_compile, memory_budget, pieces):
        model, start_values, loop = loops[jit_compile]
        for variable, value in zip(all_variables(model), start_values, strict=True):
            variable.assign(value)
        model.reset_metrics()
        holder = batches.holder(rows(), 5, memory_budget)
        order = tf.constant(np.random.default_rng(1).permutation(23))
        for start, stop in pieces:
            logs = loop(holder, order, 5, start, stop)
        values = [v.numpy() for v in all_variables(model)]
        return values, {key: float(value) for key, value in logs.items()}

    return run


@pytest.fixture(scope="module")
def by_hand():
    """The variables after the same epoch with Keras' `train_on_batch`."""
    model, (x, y, _) = model_and_data()
    order = np.random.default_rng(1).permutation(23)
    for start in range(0, 23, 5):
        batch = order[start : start + 5]
        model.train_on_batch(x[batch], y[batch])
    return [v.numpy() for v in model.weights + model.optimizer.variables]


@pytest.mark.parametrize("jit_compile", [True, False])
def test_values_are_those_of_train_on_batch(jit_compile, run, by_hand, loops):
    run(jit_compile, 2**20, [(0, 5)])
    model = loops[jit_compile][0]
    found = [v.numpy() for v in model.weights + model.optimizer.variables]
    for a, b in zip(found, by_hand, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)  # 5 steps of float32 arithmetic


@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("pieces", [[(0, 1), (1, 5)], [(0, 3), (3, 4), (4, 5)]])
def test_where_the_calls_are_cut_changes_no_bit(jit_compile, pieces, run):
    expected, logs = run(jit_compile, 2**20, [(0, 5)])
    found, found_logs = run(jit_compile, 2**20, pieces)
    np.testing.assert_equal(found, expected)
    assert found_logs == logs


@pytest.mark.parametrize("jit_compile", [True, False])
def test_streaming_changes_no_bit(jit_compile, run):
    expected, logs = run(jit_compile, 2**20, [(0, 5)])
    found, found_logs = run(jit_compile, 330, [(0, 5)])  # two steps of 5 rows of 6 * 4 + 8 bytes
    np.testing.assert_equal(found, expected)
    assert found_logs == logs


def test_one_compiled_function_serves_every_part_of_the_epoch():
    model, data = model_and_data()
    traced = []

    def step(batch):
        traced.append(batch[0].shape[0])
        return model.train_step(batch)

    loop = Loop(model, step, True, draws=True)
    loop(batches.holder(data, 5, 2**20), tf.range(23), 5, 0, 1)
    before = len(traced)
    for start, stop in ((1, 2), (2, 4), (0, 3), (3, 4)):
        loop(batches.holder(data, 5, 2**20), tf.range(23), 5, start, stop)
    assert set(traced) == {5}
    assert len(traced) == before


BY_DEFAULT = """
import json
import keras
import numpy as np
import tf_recipes
from tf_recipes.fast_fit.model import FastFitModel
from tf_recipes.recipe import Recipe

L = keras.layers
rng = np.random.default_rng(0)
x, y = rng.random((60, 36), np.float32), rng.integers(0, 10, 60)
recipe = Recipe(name="small", hidden=(12,), activation="elu", keep_prob=0.75, batch_norm={})
images = keras.Input((36,))
found = L.MaxPool2D()(L.Conv2D(3, 3, activation="gelu")(L.Reshape((6, 6, 1))(images)))
found = L.LayerNormalization()(L.Dense(5, "softplus")(L.Flatten()(found)))
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
keras.utils.set_random_seed(1)
net = FastFitModel(images, L.Dense(10, kernel_regularizer="l2")(found))
net.compile("adam", loss, metrics=["accuracy"])


def trained(model, x):
    state = [*model.variables, *model.optimizer.variables]
    start = [each.numpy() for each in state]
    results = []
    for fit in (FastFitModel.fit, keras.Model.fit):
        for variable, value in zip(state, start, strict=True):
            variable.assign(value)
        keras.utils.set_random_seed(5)
        history = fit(model, x, y, batch_size=10, epochs=3, verbose=0).history
        results.append([*map(np.asarray, history.values()), *(each.numpy() for each in state)])
    assert model.loop("train").uses_xla
    return max(
        float(np.max(np.abs(a - b) / np.maximum(1, np.abs(b)), initial=0))
        for a, b in zip(*results, strict=True)
    )


made = tf_recipes.models.build(recipe)
made.optimizer.build(made.trainable_variables)
net.optimizer.build(net.trainable_variables)
distances = [trained(made, rng.random((60, 784), np.float32)), trained(net, x)]
print(json.dumps(distances))
"""


def test_code_that_xla_optimizes_has_the_results_of_keras(run_python, monkeypatch):
    """The other tests do not wait for XLA to optimize, see `tests/support/xla_flags.py`.

    XLA reads its flags once, so that this takes a process of its own.
    """
    monkeypatch.delenv("XLA_FLAGS")
    distances = json.loads(run_python(BY_DEFAULT))
    assert len(distances) == 2 and max(distances) <= 20 * 2.0**-23  # as in test_model.py
