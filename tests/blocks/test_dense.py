"""Tests contrib's `fully_connected`: its defaults, and its order of operations."""

import functools

import keras
import numpy as np
import pytest

import tf_recipes
from tf_recipes import fully_connected

# For results of one layer computed by hand.
X = np.array([[1.0, -2.0], [0.5, 3.0]], "float32")
KERNEL = np.array([[1.0, -1.0, 0.5], [0.25, 1.0, -1.0]], "float32")
PRODUCT = [[0.5, -3.0, 2.5], [1.25, 2.5, -2.75]]  # X @ KERNEL


def kernel(shape, dtype=None):
    return keras.ops.array(KERNEL, dtype)


def model(**arguments):
    inputs = keras.Input((2,))
    outputs = fully_connected(inputs, 3, kernel_initializer=kernel, name="hidden1", **arguments)
    return keras.Model(inputs, outputs)


def test_defaults_are_relu_a_bias_of_zeros_and_xavier():
    layers = model()
    np.testing.assert_array_equal(layers(X), np.maximum(PRODUCT, 0))
    np.testing.assert_array_equal(layers.get_layer("hidden1").bias.numpy(), [0.0, 0.0, 0.0])
    inputs = keras.Input((784,))
    dense = keras.Model(inputs, fully_connected(inputs, 300, name="x")).get_layer("x")
    limit = (6 / 1084) ** 0.5
    assert limit * 0.999 < abs(dense.kernel.numpy()).max() <= limit


def test_no_activation():
    np.testing.assert_array_equal(model(activation=None)(X), PRODUCT)


@pytest.mark.parametrize(
    "activation", ["elu", tf_recipes.elu, keras.layers.ELU(), keras.activations.elu]
)
def test_any_form_of_activation(activation):
    expected = np.where(np.array(PRODUCT) > 0, PRODUCT, np.expm1(PRODUCT))
    np.testing.assert_allclose(model(activation=activation)(X), expected, rtol=1e-6)


def test_normalizer_takes_the_place_of_the_bias_and_comes_before_the_activation():
    layers = model(normalizer=functools.partial(tf_recipes.BatchNormalization, epsilon=0.0))
    assert [layer.name for layer in layers.layers[1:]] == [
        "hidden1",
        "hidden1_BatchNorm",
        "hidden1_activation",
    ]
    assert layers.get_layer("hidden1").bias is None
    # two images: each unit's values become -1 and 1, and ReLU makes them 0 and 1
    values = layers(X, training=True)
    np.testing.assert_allclose(values, [[0, 0, 1], [1, 1, 0]], rtol=1e-4)


def test_slots_reach_the_kernel_and_nothing_else():
    regularizer, constraint = tf_recipes.l2_regularizer(0.5), tf_recipes.MaxNorm(0.5)
    layers = model(kernel_regularizer=regularizer, kernel_constraint=constraint)
    dense = layers.get_layer("hidden1")
    assert dense.kernel.constraint is constraint
    assert dense.kernel.regularizer is regularizer
    assert dense.bias.constraint is None and dense.bias.regularizer is None
    np.testing.assert_allclose(layers.losses, [0.5 * np.square(KERNEL).sum() / 2], rtol=1e-6)


# TF 1.15.5: fully_connected(X, 3, weights_initializer=KERNEL, ...), outputs, names of the variables
# and the losses in the collection REGULARIZATION_LOSSES, with l2_regularizer(scale)
@pytest.mark.parametrize(
    ("arguments", "outputs", "names", "losses"),
    [
        ({"bias_initializer": None}, [[0.5, 0.0, 2.5], [1.25, 2.5, 0.0]], ["kernel"], []),
        ({"use_bias": False}, [[0.5, 0.0, 2.5], [1.25, 2.5, 0.0]], ["kernel"], []),
        (
            {"bias_initializer": None, "bias_regularizer": 0.5},
            [[0.5, 0.0, 2.5], [1.25, 2.5, 0.0]],
            ["kernel"],
            [],
        ),
        (
            {
                "bias_initializer": keras.initializers.Constant(0.5),
                "bias_regularizer": 0.5,
                "kernel_regularizer": 0.25,
            },
            [[1.0, 0.0, 3.0], [1.75, 3.0, 0.0]],
            ["kernel", "bias"],
            [0.5390625, 0.1875],
        ),
        (
            {
                "bias_initializer": keras.initializers.Constant(0.5),
                "bias_regularizer": 0.5,
                "normalizer": functools.partial(keras.layers.Rescaling, 2.0),
            },
            [[1.0, 0.0, 5.0], [2.5, 5.0, 0.0]],
            ["kernel"],
            [],
        ),
    ],
)
def test_arguments_of_the_bias(arguments, outputs, names, losses):
    scales = {name: value for name, value in arguments.items() if name.endswith("regularizer")}
    regularizers = {name: tf_recipes.l2_regularizer(scale) for name, scale in scales.items()}
    layers = model(**{**arguments, **regularizers})
    np.testing.assert_array_equal(layers(X), outputs)
    assert [each.path for each in layers.trainable_variables] == [f"hidden1/{n}" for n in names]
    np.testing.assert_allclose(layers.losses, losses, rtol=1e-6)


def test_a_constraint_of_the_bias_and_a_layer_that_is_not_trained():
    constraint = keras.constraints.NonNeg()
    layers = model(bias_constraint=constraint, trainable=False)
    assert layers.get_layer("hidden1").bias.constraint is constraint
    assert (len(layers.weights), layers.trainable_weights) == (2, [])
    normalized = model(trainable=False, normalizer=tf_recipes.BatchNormalization)
    assert [each.path for each in normalized.trainable_weights] == ["hidden1_BatchNorm/beta"]


def test_dtype_is_that_of_every_layer():
    layers = model(dtype="float64", normalizer=tf_recipes.BatchNormalization)
    assert {layer.compute_dtype for layer in layers.layers[1:]} == {"float64"}
    assert {variable.dtype for variable in layers.variables} == {"float64"}


def test_a_graph_with_two_inputs():
    """Trains a graph of another shape: two inputs, a layer of three axes, no names."""
    keras.utils.set_random_seed(0)
    first, second = keras.Input((5, 4)), keras.Input((5, 2))
    both = keras.layers.Concatenate()([fully_connected(first, 3), fully_connected(second, 3)])
    layers = keras.Model([first, second], fully_connected(both, 1, activation=None))
    layers.compile(tf_recipes.Momentum(0.05), "mse", jit_compile=False)
    x = [np.ones((8, 5, 4), "float32"), np.ones((8, 5, 2), "float32")]
    losses = layers.fit(x, np.ones((8, 5, 1)), epochs=5, verbose=0).history["loss"]
    assert layers.output_shape == (None, 5, 1)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("activation", ["swoosh", 3, ["relu"]])
def test_unknown_activation(activation, fails):
    with fails("`activation`", f"activation={activation!r}", "relu"):
        fully_connected(keras.Input((2,)), 3, activation=activation)


@pytest.mark.parametrize("units", [0, -1, 2.5, None, True])
def test_bad_units(units, fails):
    with fails("`units`", "at least 1", f"units={units!r}"):
        fully_connected(keras.Input((2,)), units)


@pytest.mark.parametrize("name", ["use_bias", "trainable"])
def test_flags(name, fails):
    with fails(f"`{name}`", f"{name}=None"):
        fully_connected(keras.Input((2,)), 3, **{name: None})
