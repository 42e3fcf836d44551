import dataclasses

import keras
import numpy as np
import pytest

from tf_recipes import catalog, models
from tf_recipes.parity import comparison, references, trace
from tf_recipes.parity.replay import replay, tf1_variables
from tf_recipes.ports import EXACT, TEXTBOOK


@pytest.mark.parametrize("name", catalog.CATALOG)
def test_a_recorded_trace_has_the_catalogs_recipe(name):
    """`tests/scripts/lab/documentation/test_update.py` replays them all, by the whole check."""
    reference = trace.load(references.RECORDED / f"{name}.npz")
    assert reference.recipe == catalog.get(name).replace(hidden=reference.recipe.hidden)


@pytest.mark.parametrize(("name", "port"), [("dropout_float64", EXACT), ("l2", TEXTBOOK)])
def test_an_exact_port_matches_a_recorded_trace_and_a_textbook_port_does_not(name, port):
    reference = trace.load(references.RECORDED / f"{name}.npz")
    assert comparison.compare(reference, "port", replay(reference, port)).passed is (port is EXACT)


def test_losses_are_those_before_each_update():
    reference = trace.load(references.RECORDED / "l1_l2.npz")
    losses = replay(reference, EXACT).losses
    assert losses.shape == (100,)
    np.testing.assert_allclose(losses, reference.losses, rtol=1e-5)


def test_names_are_tf1s():
    recipe = catalog.get("batch_norm").replace(hidden=(3,))
    found = tf1_variables(models.build(recipe, jit_compile=False), recipe)
    assert {name: tuple(v.shape) for name, v in found.items()} == trace.variable_shapes(recipe)


def test_recorded_masks_decide_what_dropout_keeps():
    reference = trace.load(references.RECORDED / "dropout.npz")
    flipped = {name: ~mask for name, mask in reference.masks.items()}
    changed = dataclasses.replace(reference, masks=flipped)
    assert not comparison.compare(changed, "exact", replay(changed, EXACT)).passed


@pytest.mark.parametrize("port", [EXACT, TEXTBOOK])
def test_dropout_of_a_replay_computes_as_the_ports_own(port):
    """The replayed layer gives the same bits with the mask that the port's own layer drew."""
    reference = trace.load(references.RECORDED / "dropout.npz")
    recipe = reference.recipe
    inputs = np.random.RandomState(0).rand(50, 784).astype("float32") + 0.5
    own = port.dropout(recipe, name="X_dropout", dtype="float32")
    expected = keras.ops.convert_to_numpy(own(inputs, training=True))
    from tf_recipes.parity.replay import with_recorded_masks

    layer = with_recorded_masks(port.dropout)(recipe, name="X_dropout", dtype="float32")
    layer.build((50, 784))
    layer.mask.assign(expected != 0)
    given = keras.ops.convert_to_numpy(layer(inputs, training=True))
    assert np.array_equal(given, expected)
    assert np.array_equal(keras.ops.convert_to_numpy(layer(inputs, training=False)), inputs)


def test_each_step_is_reported():
    reference = trace.load(references.RECORDED / "dropout_float64.npz")
    ticks = []
    replay(reference, EXACT, on_step=lambda: ticks.append(1))
    assert len(ticks) == 20
