import json

import numpy as np
import pytest

from tf_recipes.parity.tf1 import compat

VARIABLES = [f"{s}/{v}" for s in ("hidden1", "hidden2", "outputs") for v in ("weights", "biases")]


def part(arrays, prefix):
    return {key[len(prefix) :]: v for key, v in arrays.items() if key.startswith(prefix)}


def test_a_trace_has_every_array_of_the_format(ran):
    trace = part(ran("record"), "trace/")
    expected = {"spec", "provenance", "images", "labels", "batches", "steps", "losses", "logits"}
    expected |= {"sensitivity/logits", "masks/X", "masks/hidden1", "masks/hidden2"}
    for name in VARIABLES:
        expected |= {f"initial/{name}"}
        expected |= {f"{k}/{step}/{name}" for k in ("variables", "sensitivity") for step in (1, 3)}
    assert trace.keys() == expected
    assert trace["steps"].tolist() == [1, 3]
    assert trace["losses"].shape == (3,)
    assert trace["logits"].shape == (40, 10)
    assert trace["masks/hidden1"].shape == (3, 8, 4)
    assert trace["masks/X"].dtype == bool
    assert json.loads(str(trace["spec"]))["keep_prob"] == 0.5
    provenance = json.loads(str(trace["provenance"]))
    assert provenance.keys() == {"tensorflow", "python", "numpy", "machine", "neighbours"}
    assert provenance["neighbours"] == 1


def test_a_second_run_gives_the_same_bits(ran):
    trace, again = part(ran("record"), "trace/"), part(ran("record"), "again/")
    assert len(again) == 6 + 2 * 6 + 5
    for key, value in again.items():
        np.testing.assert_array_equal(value, trace[key], err_msg=key)


def test_sensitivity_is_the_drift_of_a_start_one_ulp_away(ran):
    """After one step the drift is about an ulp: 6e-8 of the largest weight, not 0, not 1e-5."""
    sensitivity = part(ran("record"), "trace/sensitivity/1/")
    for name in ("hidden1/weights", "hidden2/weights", "outputs/weights"):
        assert 1e-8 < sensitivity[name] < 1e-6, name
    assert all(value < 1e-5 for value in sensitivity.values())


def test_a_run_starts_where_it_is_told(ran):
    arrays = ran("record")
    for name in VARIABLES:
        moved, drawn = arrays[f"moved/initial/{name}"], arrays[f"trace/initial/{name}"]
        np.testing.assert_array_equal(moved, drawn + np.float32(1), err_msg=name)
    assert not np.array_equal(arrays["moved/losses"], arrays["trace/losses"])


def test_the_loss_is_read_before_the_update_and_the_clip_comes_after(ran):
    arrays = ran("clipped")
    weights = {name: np.float64(arrays[f"initial/{name}"]) for name in VARIABLES}
    for step, rows in enumerate(arrays["pool_batches"], start=1):
        outputs = arrays["pool_images"][rows] / 255.0
        for scope in ("hidden1", "hidden2"):
            z = outputs @ weights[f"{scope}/weights"] + weights[f"{scope}/biases"]
            outputs = np.maximum(z, 0)
        logits = outputs @ weights["outputs/weights"] + weights["outputs/biases"]
        chosen = logits[np.arange(8), arrays["pool_labels"][rows]]
        xentropy = (np.log(np.exp(logits).sum(axis=1)) - chosen).mean()
        l2 = 0.1 * (weights["outputs/weights"] ** 2).sum() / 2
        np.testing.assert_allclose(arrays["losses"][step - 1], xentropy + l2, rtol=1e-5)
        weights = {name: np.float64(arrays[f"variables/{step}/{name}"]) for name in VARIABLES}
        for scope in ("hidden1", "hidden2"):
            norms = np.linalg.norm(weights[f"{scope}/weights"], axis=0)
            assert norms.max() <= 0.5 * (1 + 1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_ulp_away_moves_every_entry_to_a_neighbour(dtype):
    initial = {
        "hidden1/weights": np.random.RandomState(0).randn(30, 20).astype(dtype),
        "hidden1/BatchNorm/gamma": np.ones(4, dtype),
        "hidden1/BatchNorm/moving_mean": np.zeros(4, dtype),
        "hidden1/BatchNorm/moving_variance": np.ones(4, dtype),
    }
    moved = compat.originals().one_ulp_away(initial, seed=0)
    assert moved.keys() == initial.keys()
    for name in ("hidden1/weights", "hidden1/BatchNorm/gamma"):
        value, near = initial[name], moved[name]
        assert near.dtype == dtype
        up, down = (np.nextafter(value, np.full_like(value, x)) for x in (np.inf, -np.inf))
        assert ((near == up) | (near == down)).all()
    share = np.mean(moved["hidden1/weights"] > initial["hidden1/weights"])
    assert 0.4 < share < 0.6  # five standard errors of 600 coins
    for name in ("moving_mean", "moving_variance"):
        key = f"hidden1/BatchNorm/{name}"
        np.testing.assert_array_equal(moved[key], initial[key])


def test_one_ulp_away_depends_on_the_seed_alone():
    initial = {"weights": np.ones(100, "float32")}
    away = compat.originals().one_ulp_away
    np.testing.assert_array_equal(away(initial, 1)["weights"], away(initial, 1)["weights"])
    assert (away(initial, 1)["weights"] != away(initial, 2)["weights"]).any()


@pytest.mark.parametrize(
    ("value", "reference", "expected"),
    [
        ([1.0, 4.0], [2.0, -8.0], 1.5),  # 12 / 8
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([0.0], [0.0], 0.0),
        ([1.0], [0.0], np.inf),
    ],
)
def test_drift(value, reference, expected):
    assert compat.originals().drift(np.array(value), np.array(reference)) == expected


def test_drift_of_nan_is_nan():
    assert np.isnan(compat.originals().drift(np.array([np.nan]), np.array([1.0])))
