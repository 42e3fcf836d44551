import numpy as np

from tf_recipes.parity.tf1 import compat

NORM = ("beta", "gamma", "moving_mean", "moving_variance")
SCOPES = ("hidden1", "hidden2", "outputs")
N = 6  # images in the batch


def form(arrays, name):
    return {key[len(name) + 1 :]: v for key, v in arrays.items() if key.startswith(name + "/")}


def test_both_forms_are_one(ran):
    arrays = ran("batch_norm")
    first, second = form(arrays, "by_layer"), form(arrays, "by_arg_scope")
    assert first.keys() == second.keys()
    assert len(first) == 2 + 2 * 15
    for key in first:
        np.testing.assert_array_equal(first[key], second[key], err_msg=key)


def test_the_layers_have_norms_in_place_of_biases(ran):
    variables = form(ran("batch_norm"), "by_layer/before")
    assert variables.keys() == {
        f"{scope}/{name}"
        for scope in SCOPES
        for name in ("weights", *(f"BatchNorm/{each}" for each in NORM))
    }


def test_a_step_in_numpy(ran):
    """The batch is normalised by its variance; N/(N-1) times it enters the moving variance."""
    arrays = form(ran("batch_norm"), "by_layer")
    values = np.float64(ran("batch_norm")["inputs"])
    for scope in SCOPES:
        before, after = (
            {
                name: np.float64(arrays[f"{stage}/{scope}/{name}"])
                for name in ("weights", *(f"BatchNorm/{n}" for n in NORM))
            }
            for stage in ("before", "after")
        )
        z = values @ before["weights"]
        mean, variance = z.mean(axis=0), z.var(axis=0)
        np.testing.assert_allclose(after["BatchNorm/moving_mean"], 0.1 * mean, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(
            after["BatchNorm/moving_variance"],
            0.9 + 0.1 * variance * N / (N - 1),
            rtol=1e-5,
        )
        normed = (z - mean) / np.sqrt(variance + 0.001)
        values = before["BatchNorm/gamma"] * normed + before["BatchNorm/beta"]
        if scope != "outputs":
            values = np.maximum(values, 0)
    np.testing.assert_allclose(arrays["trained"], values, rtol=1e-4, atol=1e-5)


def test_evaluation_uses_the_moving_statistics(ran):
    arrays = form(ran("batch_norm"), "by_layer")
    values = np.float64(ran("batch_norm")["inputs"])
    for scope in SCOPES:
        norm = {name: np.float64(arrays[f"after/{scope}/BatchNorm/{name}"]) for name in NORM}
        z = values @ arrays[f"after/{scope}/weights"]
        normed = (z - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 0.001)
        values = norm["gamma"] * normed + norm["beta"]
        if scope != "outputs":
            values = np.maximum(values, 0)
    np.testing.assert_allclose(arrays["evaluated"], values, rtol=1e-4, atol=1e-5)


def test_defaults_are_contribs():
    assert compat.original("batch_norm").parameters(True) == {
        "is_training": True,
        "decay": 0.999,
        "center": True,
        "scale": False,
        "epsilon": 0.001,
        "updates_collections": None,
    }
