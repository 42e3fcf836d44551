"""Tests the model built from a recipe: shape, loss, saved file; and that every recipe trains."""

import numpy as np
import pytest

from tf_recipes import GradientClippingModel, catalog, models
from tf_recipes.recipe import Recipe

SMALL = {"hidden": (12, 8)}
EVERYTHING = Recipe(
    "everything",
    **SMALL,
    activation="leaky_relu",
    batch_norm={"decay": 0.9, "scale": True},
    max_norm={"threshold": 0.7, "axes": (0,)},
    regularizer={"l1": 0.001, "l2": 0.01},
    keep_prob=0.8,
    optimizer={"name": "rmsprop", "learning_rate": 0.001, "centered": True, "momentum": 0.5},
    schedule={"decay_steps": 20, "decay_rate": 0.5},
    clip_value=0.02,
)


def test_layers_bear_tf1s_scopes_in_its_order():
    model = models.build(EVERYTHING)
    assert [layer.name for layer in model.layers] == [
        "X",
        "X_dropout",
        "hidden1",
        "hidden1_BatchNorm",
        "hidden1_activation",
        "hidden1_dropout",
        "hidden2",
        "hidden2_BatchNorm",
        "hidden2_activation",
        "hidden2_dropout",
        "outputs",
        "outputs_BatchNorm",
    ]
    assert model.input_shape == (None, 784)
    assert model.output_shape == (None, 10)
    assert isinstance(model, GradientClippingModel)


def test_max_norm_takes_the_regularizers_place_in_hidden_layers_only():
    model = models.build(EVERYTHING)
    hidden, outputs = model.get_layer("hidden1"), model.get_layer("outputs")
    assert hidden.kernel_constraint.threshold == 0.7
    assert hidden.kernel_regularizer is None
    assert outputs.kernel_constraint is None
    w = outputs.kernel.numpy().astype("float64")
    penalty = 0.001 * abs(w).sum() + 0.01 * (w**2).sum() / 2
    np.testing.assert_allclose(model.losses, [penalty], rtol=1e-6)


def test_loss_takes_integer_labels_and_logits(digits):
    model = models.build(Recipe("plain", **SMALL), jit_compile=False)
    images, labels = digits
    logits = model.predict(images, verbose=0).astype("float64")
    log_softmax = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    expected = -log_softmax[np.arange(len(labels)), labels].mean()
    loss, accuracy = model.evaluate(images, labels, verbose=0)
    np.testing.assert_allclose(loss, expected, rtol=1e-6)
    np.testing.assert_allclose(accuracy, (logits.argmax(1) == labels).mean(), rtol=1e-6)
    assert not ((logits >= 0) & (logits <= 1)).all()


def test_seed_settles_weights_and_layers_differ():
    first, same, other = (
        models.build(Recipe("seeded", hidden=(20, 20, 20), seed=seed)) for seed in (1, 1, 2)
    )
    for ours, theirs in zip(first.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    kernels = [first.get_layer(f"hidden{k}").kernel.numpy() for k in (2, 3)]
    assert (kernels[0] != kernels[1]).any()
    assert (kernels[0] != other.get_layer("hidden2").kernel.numpy()).any()


@pytest.mark.parametrize("hidden", [(), (5,), (6, 5, 4, 3)])
def test_any_number_of_layers(hidden, digits):
    model = models.build(Recipe("deep", hidden=hidden, keep_prob=0.9), jit_compile=False)
    model.fit(*digits, verbose=0)
    assert [layer.units for layer in model.layers if hasattr(layer, "units")] == [*hidden, 10]


@pytest.mark.parametrize("port", ["exact", "textbook"])
@pytest.mark.parametrize("name", catalog.CATALOG)
def test_every_recipe_of_the_catalog_trains(name, port, digits):
    recipe = catalog.get(name).replace(**SMALL)
    model = models.build(recipe, port=port, run_eagerly=True)
    before = model.get_layer("hidden1").kernel.numpy()
    losses = model.fit(*digits, batch_size=32, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert (model.get_layer("hidden1").kernel.numpy() != before).any()
    assert {v.dtype for v in model.trainable_variables} == {recipe.dtype}


def test_xla_and_plain_agree(digits):
    weights = []
    for jit_compile in (False, True):
        recipe = EVERYTHING.replace(hidden=(12,), keep_prob=1.0, optimizer={"name": "adam"})
        model = models.build(recipe, jit_compile=jit_compile)
        model.fit(*digits, batch_size=16, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    for plain, xla in zip(*weights, strict=True):
        np.testing.assert_allclose(plain, xla, rtol=1e-4, atol=1e-4)


LOAD = """
import sys
import keras, numpy as np
import tf_recipes
from tf_recipes.blocks import activations, batch_norm, dropout, gradient_clipping, initializers
from tf_recipes.blocks import max_norm, optimizers, regularization
folder = sys.argv[1]
model = keras.saving.load_model(folder + "/model.keras")
np.save(folder + "/loaded.npy", model.predict(np.load(folder + "/x.npy"), verbose=0))
"""


def test_saved_file_loads_in_a_new_process_and_predicts_the_same_bits(digits, tmp_path, run_python):
    model = models.build(EVERYTHING, jit_compile=False)
    model.fit(*digits, verbose=0)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", digits[0])
    run_python(LOAD, tmp_path)
    np.testing.assert_array_equal(
        np.load(tmp_path / "loaded.npy"), model.predict(digits[0], verbose=0)
    )


def test_compile_arguments_are_passed_on():
    model = models.build(Recipe("run", **SMALL), jit_compile=False, steps_per_execution=7)
    assert model.steps_per_execution == 7
    assert model.jit_compile is False


def test_unknown_port(fails):
    with fails("`port`", "exact, textbook", "port='keras'"):
        models.build(Recipe("x"), port="keras")


def test_mixed_precision_policy_does_not_change_a_recipes_dtype(policy):
    policy("mixed_float16")
    model = models.build(Recipe("x", **SMALL))
    assert {layer.compute_dtype for layer in model.layers[1:]} == {"float32"}
