"""Tests the TF1 original here and on real TF 1.15, and compares Keras' block with it."""

import json

import keras
import numpy as np
import pytest

from tf_recipes import BatchNormalization, Momentum, fully_connected
from tf_recipes.blocks.transfer import freeze_layers, reuse_layers, unfreeze_layers
from tf_recipes.parity.tf1 import compat, interpreter

HIDDEN, N_INPUTS = (7, 6, 5), 8
SPEC = {
    "hidden": HIDDEN,
    "n_source": 4,
    "n_target": 3,
    "reused": 2,
    "learning_rate": 0.1,
    "low_rate": 0.01,
    "momentum": 0.9,
    "decay": 0.75,
}
RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.rand(40, N_INPUTS).astype("float32")
LABELS = {"source": RANDOM.randint(0, 4, 40), "target": RANDOM.randint(0, 3, 40)}
STEPS = {"source": 12, "frozen": 4, "all": 4}
BATCHES = {name: RANDOM.randint(0, 40, (steps, 10)) for name, steps in STEPS.items()}
NORM = tuple(f"BatchNorm/{each}" for each in ("gamma", "beta", "moving_mean", "moving_variance"))
REUSED = [f"hidden{k}/{each}" for k in (1, 2) for each in ("weights", *NORM)]
UPPER = [f"hidden3/{each}" for each in ("weights", *NORM)] + ["outputs/weights", "outputs/biases"]
MOVING = [f"hidden{k}/BatchNorm/moving_{each}" for k in (1, 2) for each in ("mean", "variance")]


@pytest.fixture(scope="module", params=["compat", "tf1"])
def ran(request, tmp_path_factory):
    """`ran(frozen_is_training)` returns the arrays of a whole transfer."""
    folder = tmp_path_factory.mktemp("transfer")
    if request.param == "tf1":
        python = request.getfixturevalue("tf1_python")

        def run(job, result):
            interpreter.run_module(python, "transfer", [job, result])
    else:
        run = compat.original("transfer").main

    results = {}
    for flag in (False, True):
        job, result = folder / f"job_{flag}.npz", folder / f"result_{flag}.npz"
        arrays = {f"labels/{name}": value for name, value in LABELS.items()}
        arrays |= {f"batches/{name}": value for name, value in BATCHES.items()}
        spec = json.dumps({**SPEC, "frozen_is_training": flag})
        np.savez(job, spec=spec, images=IMAGES, **arrays)
        run(job, result)
        with np.load(result) as file:
            results[flag] = dict(file)
    assert str(results[False]["version"]).startswith("1.15." if request.param == "tf1" else "2.")
    return results.__getitem__


def variables(arrays, stage):
    return {key[len(stage) + 1 :]: v for key, v in arrays.items() if key.startswith(f"{stage}/")}


def test_the_first_layers_are_restored_with_their_averages_and_no_others(ran):
    source, start = (variables(ran(False), stage) for stage in ("source", "start"))
    assert sorted(source) == sorted(start) == sorted(REUSED + UPPER)
    for name in REUSED:
        np.testing.assert_array_equal(start[name], source[name], err_msg=name)
    assert start["outputs/weights"].shape == (5, 3)
    np.testing.assert_array_equal(start["hidden3/BatchNorm/moving_mean"], np.zeros(5))
    assert (source["hidden3/BatchNorm/moving_mean"] != 0).all()


def test_var_list_trains_the_upper_layers_and_then_all_train(ran):
    start, frozen, both = (variables(ran(False), stage) for stage in ("start", "frozen", "all"))
    for name in REUSED:
        np.testing.assert_array_equal(frozen[name], start[name], err_msg=name)
    for name in UPPER:
        assert (frozen[name] != start[name]).any(), name
    for name in REUSED + UPPER:
        assert (both[name] != frozen[name]).any(), name


def test_var_list_alone_lets_the_frozen_averages_move(ran):
    """TF1 reports no difference, but the moving averages and losses differ; the weights do not."""
    start, frozen = (variables(ran(True), stage) for stage in ("start", "frozen"))
    for name in set(REUSED) - set(MOVING):
        np.testing.assert_array_equal(frozen[name], start[name], err_msg=name)
    for name in MOVING:
        assert (np.abs(frozen[name] / start[name] - 1) > 1e-3).any(), name
    # The first weights are drawn anew each time: in a single step the losses may be close.
    losses = [ran(flag)["losses"][: STEPS["frozen"]] for flag in (False, True)]
    assert (losses[0] != losses[1]).all()
    assert np.abs(losses[0] - losses[1]).max() > 1e-3


def test_where_they_move_to_in_numpy(ran):
    """v <- 0.75 v + 0.25 mean of the batch, for the first layer, whose weights are frozen."""
    start = variables(ran(True), "start")
    mean = np.float64(start["hidden1/BatchNorm/moving_mean"])
    for rows in BATCHES["frozen"]:
        z = np.float64(IMAGES[rows]) @ start["hidden1/weights"]
        mean = 0.75 * mean + 0.25 * z.mean(axis=0)
    moved = variables(ran(True), "frozen")["hidden1/BatchNorm/moving_mean"]
    np.testing.assert_allclose(moved, mean, rtol=1e-5)


def test_the_first_layer_is_not_the_tenth():
    spec = {**SPEC, "hidden": (3,) * 10, "reused": 1}
    steps = {name: rows[:1] for name, rows in BATCHES.items()}
    arrays = compat.original("transfer").run(spec, IMAGES, LABELS, steps)
    source, start = variables(arrays, "source"), variables(arrays, "start")
    np.testing.assert_array_equal(start["hidden1/weights"], source["hidden1/weights"])
    assert (start["hidden10/weights"] != source["hidden10/weights"]).all()


def build(n_outputs):
    """Builds the same network in Keras."""

    def norm(name, dtype):
        return BatchNormalization(momentum=0.75, scale=True, name=name, dtype=dtype)

    inputs = outputs = keras.Input((N_INPUTS,))
    for k, units in enumerate(HIDDEN, start=1):
        outputs = fully_connected(outputs, units, normalizer=norm, name=f"hidden{k}")
    outputs = fully_connected(outputs, n_outputs, activation=None, name="outputs")
    model = keras.Model(inputs, outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(Momentum(SPEC["learning_rate"], SPEC["momentum"]), loss, jit_compile=False)
    return model


def by_name(model):
    """Returns `{TF1's name: variable}`."""
    found = {}
    for name in ("hidden1", "hidden2", "hidden3", "outputs"):
        layer = model.get_layer(name)
        found[f"{name}/weights"] = layer.kernel
        if layer.use_bias:
            found[f"{name}/biases"] = layer.bias
        else:
            norm = model.get_layer(f"{name}_BatchNorm")
            found |= {f"{name}/{each}": getattr(norm, each.split("/")[1]) for each in NORM}
    return found


def assign(model, values):
    assert by_name(model).keys() == values.keys()
    for name, variable in by_name(model).items():
        variable.assign(values[name])


def steps(model, batches):
    return [model.train_on_batch(IMAGES[rows], LABELS["target"][rows]) for rows in batches]


def assert_close(model, expected):
    """Compares each variable with a tolerance of a few roundings."""
    for name, variable in by_name(model).items():
        largest = np.abs(expected[name]).max()
        np.testing.assert_allclose(
            variable.numpy(), expected[name], rtol=0, atol=1e-5 * largest, err_msg=name
        )


def test_keras_follows_step_by_step(ran, tmp_path):
    arrays = ran(False)
    source, target = build(SPEC["n_source"]), build(SPEC["n_target"])
    assign(source, variables(arrays, "source"))
    start = variables(arrays, "start")
    fresh = {name: value if name in UPPER else 0 * value for name, value in start.items()}
    assign(target, fresh)
    source.save(tmp_path / "source.keras")

    reused = reuse_layers(tmp_path / "source.keras", target, last="hidden2_BatchNorm")
    assert reused == ("hidden1", "hidden1_BatchNorm", "hidden2", "hidden2_BatchNorm")
    for name, variable in by_name(target).items():
        np.testing.assert_array_equal(variable.numpy(), start[name], err_msg=name)

    freeze_layers(target, reused)
    losses = steps(target, BATCHES["frozen"])
    assert_close(target, variables(arrays, "frozen"))
    unfreeze_layers(target, SPEC["low_rate"])
    losses += steps(target, BATCHES["all"])
    assert_close(target, variables(arrays, "all"))
    np.testing.assert_allclose(losses, arrays["losses"], rtol=1e-5)
    np.testing.assert_allclose(
        target.predict(IMAGES, verbose=0), arrays["logits"], rtol=1e-4, atol=1e-5
    )
