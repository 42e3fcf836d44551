import dataclasses

import keras
import numpy as np
import pytest

from tf_recipes import catalog, models
from tf_recipes.parity import comparison, references, trace
from tf_recipes.parity.replay import replay, tf1_variables
from tf_recipes.ports import EXACT, TEXTBOOK

AIM = 5.0  # half of the limit of the verdict


@pytest.mark.parametrize("name", catalog.CATALOG)
def test_every_exact_port_matches_its_recorded_trace(name):
    reference = trace.load(references.RECORDED / f"{name}.npz")
    shipped = catalog.get(name).replace(hidden=reference.recipe.hidden)
    assert reference.recipe == shipped  # the trace has the catalog's current recipe
    verdict = comparison.compare(reference, "exact", replay(reference, EXACT))
    assert verdict.passed
    assert verdict.worst.ratio <= AIM


# Drifts of the textbook ports from TF 1.15 after 100 steps, to one digit.
@pytest.mark.parametrize(
    ("name", "at_least"),
    [
        ("momentum_decay", 0.1),
        ("nesterov_decay", 0.1),
        ("rmsprop", 1.0),
        ("adam", 0.01),
        ("batch_norm", 0.01),
        ("l2", 0.05),
        ("leaky_relu", 0.5),
        ("max_norm", 1e-5),
    ],
)
def test_the_textbook_port_drifts(name, at_least):
    reference = trace.load(references.RECORDED / f"{name}.npz")
    verdict = comparison.compare(reference, "textbook", replay(reference, TEXTBOOK))
    assert not verdict.passed
    assert max(d.drift for d in verdict.drifts) > at_least


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
