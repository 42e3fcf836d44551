"""Tests the adapter with traces of real TF 1.15."""

import json
import sys

import numpy as np
import pytest

from tf_recipes.parity import references
from tf_recipes.parity.tf1 import compat
from tf_recipes.recipe import Recipe

# Together these traces use every part of contrib but dropout, whose masks no seed can repeat.
TRACES = (
    "adam",
    "batch_norm",
    "batch_norm_defaults",
    "gradient_clipping",
    "l1_l2",
    "leaky_relu",
    "max_norm",
    "max_norm_incoming",
    "momentum_decay",
    "rmsprop_centered",
    "rmsprop_l2_float64",
)


def read(name):
    """Returns the arrays and the recipe of a shipped trace."""
    with np.load(references.RECORDED / f"{name}.npz", allow_pickle=False) as file:
        arrays = dict(file)
    return arrays, Recipe.from_spec(json.loads(str(arrays["spec"])))


def ratios(ours, recorded, dtype):
    """Returns `{array: drift / the step's largest sensitivity}`, as the trace format does."""
    found, epsilon = {}, np.finfo(dtype).eps
    for step in [*recorded["steps"].tolist(), None]:
        group = "logits" if step is None else f"variables/{step}/"
        noise = "sensitivity/" + group.removeprefix("variables/")
        unit = max([epsilon, *(v for key, v in recorded.items() if key.startswith(noise))])
        for key in (key for key in recorded if key.startswith(group)):
            theirs = np.float64(recorded[key])
            found[key] = np.abs(np.float64(ours[key]) - theirs).max() / np.abs(theirs).max() / unit
    return found


@pytest.mark.parametrize("name", TRACES)
def test_the_adapter_stays_within_tf1s_own_noise(name):
    recorded, recipe = read(name)
    initial = {key[8:]: v for key, v in recorded.items() if key.startswith("initial/")}
    pool = (recorded[key] for key in ("images", "labels", "batches"))
    ours = compat.originals().run(recipe, *pool, set(recorded["steps"].tolist()), initial=initial)
    expected = {key for key in recorded if key.startswith(("initial/", "variables/", "masks/"))}
    assert ours.keys() == expected | {"losses", "logits"}
    found = ratios(ours, recorded, recipe.dtype)
    assert len(found) == len(recorded["steps"]) * len(initial) + 1
    worst = max(found, key=lambda key: (np.isnan(found[key]), found[key]))
    assert found[worst] <= 10, (worst, found[worst])
    np.testing.assert_allclose(ours["losses"], recorded["losses"], rtol=1e-4)


def test_a_recorded_mask_is_a_mask_of_the_adapter():
    """Dropout keeps a share of keep_prob, and divides the kept units by keep_prob."""
    recipe = Recipe("dropout", hidden=(40,), keep_prob=0.8, steps=4, batch_size=50)
    images = np.full((50, 784), 255, np.uint8)
    batches = np.tile(np.arange(50), (4, 1))
    run = compat.originals().run(recipe, images, np.zeros(50, int), batches, {4})
    assert run["masks/X"].shape == (4, 50, 784)
    share = run["masks/X"].mean()
    assert abs(share - 0.8) < 5 * np.sqrt(0.8 * 0.2 / run["masks/X"].size)
    assert not np.array_equal(run["masks/X"][0], run["masks/X"][1])
    # All pixels are 1, so a kept pixel is 1.25; float32 by float32 gives the first loss.
    weights = {key[8:]: np.float64(v) for key, v in run.items() if key.startswith("initial/")}
    kept = run["masks/X"][0] * 1.25
    hidden = np.maximum(kept @ weights["hidden1/weights"], 0) * run["masks/hidden1"][0] * 1.25
    logits = hidden @ weights["outputs/weights"]
    loss = (np.log(np.exp(logits).sum(axis=1)) - logits[:, 0]).mean()
    np.testing.assert_allclose(run["losses"][0], loss, rtol=1e-5)


LOADED_APART = """
import sys
import tensorflow, tf_recipes
if {first}:
    import tf_recipes.originals.runners.record as theirs
before = dict(sys.modules)
from tf_recipes.parity.tf1 import compat
ours = compat.originals()
assert sys.modules["tensorflow"] is tensorflow
assert "tensorflow.contrib" not in sys.modules
packages = [name for name in sys.modules if name.startswith("tf_recipes.originals")]
loaded_before = [name for name in before if name.startswith("tf_recipes.originals")]
assert packages == loaded_before, packages
assert vars(tf_recipes).get("originals") is before.get("tf_recipes.originals")
assert all(sys.modules[name] is before[name] for name in loaded_before)
assert ours.tf is not tensorflow
assert hasattr(ours.tf.contrib.layers, "fully_connected")
assert ours.tf.Session is tensorflow.compat.v1.Session
assert compat.original("runners.models") is ours.models
assert compat.original("runners.models").tf is ours.tf
import tf_recipes.originals.runners.record as imported
assert imported is not ours
assert imported.tf is tensorflow
assert not {first} or imported is theirs
print("apart")
"""


@pytest.mark.parametrize("first", [True, False])
def test_it_leaves_the_modules_as_they_were(run_python, first):
    assert run_python(LOADED_APART.format(first=first)) == "apart"


def test_modules_are_put_back_when_loading_fails(monkeypatch):
    import tensorflow

    package = "tf_recipes.originals"
    before = {k: v for k, v in sys.modules.items() if k.startswith((package, "tensorflow"))}
    monkeypatch.setattr(compat, "_tensorflow1", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compat._loaded.__wrapped__()
    after = {k: v for k, v in sys.modules.items() if k.startswith((package, "tensorflow"))}
    assert after == before
    assert sys.modules["tensorflow"] is tensorflow


CODE = """
import tensorflow as tf

two = tf.Variable(2.0)
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    found = session.run(two * 3)
"""


def test_code_runs_as_a_graph_of_its_own_and_leaves_the_modules_as_they_were():
    import tensorflow

    assert [compat.run(CODE)["found"] for _ in range(2)] == [6.0, 6.0]
    assert sys.modules["tensorflow"] is tensorflow
    with pytest.raises(ZeroDivisionError):
        compat.run("import tensorflow\n1 / 0")
    assert sys.modules["tensorflow"] is tensorflow
