import numpy as np
import pytest


def test_leaky_relu_has_the_slope_of_the_chapter(ran):
    arrays = ran("activations")
    np.testing.assert_array_equal(arrays["leaky_relu"], np.float32([-0.02, 0, 3]))
    assert arrays["name"] == "leaky"


@pytest.mark.parametrize(
    ("layer", "activation"),
    [
        ("elu_layer", lambda z: np.where(z > 0, z, np.expm1(z))),
        ("leaky_relu_layer", lambda z: np.where(z > 0, z, 0.01 * z)),
    ],
)
def test_the_layer_is_matmul_bias_activation(ran, layer, activation):
    arrays = ran("activations")
    weights, biases, inputs, outputs = (
        arrays[f"{layer}/{name}"]
        for name in ("hidden1/weights", "hidden1/biases", "inputs", "outputs")
    )
    z = np.float64(inputs) @ weights + biases
    assert (z < 0).any(), "nothing for the negative side to do"
    assert (z > 0).any()
    np.testing.assert_allclose(outputs, activation(z), rtol=1e-5, atol=1e-6)


def test_the_activations_that_a_recipe_names(ran):
    arrays = ran("activation_functions")
    e = np.e
    expected = {
        "relu": [0, 0, 2],
        "elu": [1 / e - 1, 0, 2],
        "leaky_relu": [-0.01, 0, 2],
        "sigmoid": [1 / (1 + e), 0.5, 1 / (1 + e**-2)],
        "tanh": [-np.tanh(1), 0, np.tanh(2)],
    }
    assert arrays.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(arrays[name], values, rtol=1e-6, err_msg=name)
