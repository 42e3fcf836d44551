import numpy as np


def relu(z):
    return np.maximum(z, 0)


def test_two_relu_layers_and_a_linear_one(ran):
    arrays = ran("dense")
    outputs, inputs = arrays["outputs"], arrays["inputs"]
    variables = {key: value for key, value in arrays.items() if "/" in key}
    assert {key: value.shape for key, value in variables.items()} == {
        "hidden1/weights": (5, 4),
        "hidden1/biases": (4,),
        "hidden2/weights": (4, 3),
        "hidden2/biases": (3,),
        "outputs/weights": (3, 2),
        "outputs/biases": (2,),
    }
    values = np.float64(inputs)
    for scope, activation in (("hidden1", relu), ("hidden2", relu), ("outputs", lambda z: z)):
        z = values @ variables[f"{scope}/weights"] + variables[f"{scope}/biases"]
        values = activation(z)
    assert (outputs < 0).any(), "nothing shows that the output is linear"
    np.testing.assert_allclose(outputs, values, rtol=1e-5, atol=1e-6)
