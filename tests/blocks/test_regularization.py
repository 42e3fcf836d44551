"""Tests L1 and L2 with TF1's scaling, as an argument of each layer and by hand."""

import functools

import keras
import numpy as np
import pytest

import tf_recipes
from tf_recipes.blocks.regularization import (
    l1_l2_regularizer,
    l1_regularizer,
    l2_regularizer,
    penalty,
)

W = [[0.1, -0.2], [3.0, -4.0]]

# TF 1.15.5: sess.run(tf.contrib.layers.l1_l2_regularizer(0.01, 0.03)(tf.constant(W, dtype)))
CONTRIB = [
    (l1_regularizer(0.01), "float32", 0.073),
    (l2_regularizer(0.01), "float32", 0.12525),
    (l1_l2_regularizer(0.01, 0.03), "float32", 0.44874996),
    (l1_regularizer(0.01), "float64", 0.07300000000000001),
    (l2_regularizer(0.01), "float64", 0.12525),
    (l1_l2_regularizer(0.01, 0.03), "float64", 0.4487499999999999),
]


@pytest.fixture
def floatx():
    """Sets Keras' float type for one test."""
    before = keras.config.floatx()
    yield keras.config.set_floatx
    keras.config.set_floatx(before)


@pytest.mark.parametrize("regularizer, dtype, expected", CONTRIB)
def test_losses_are_those_of_contrib(regularizer, dtype, expected, floatx):
    # contrib's scale is a tensor of the weights' dtype: a double in float64
    floatx(dtype)
    value = float(regularizer(keras.ops.array(W, dtype)))
    np.testing.assert_allclose(value, expected, rtol={"float32": 2**-23, "float64": 2**-51}[dtype])


def test_by_hand_is_the_sum_over_the_weights():
    weights = [keras.ops.array([3.0, -4.0]), keras.Variable([[2.0]])]
    assert float(penalty(weights, scale_l1=0.5)) == 4.5
    assert float(penalty(weights, scale_l2=0.5)) == 7.25
    assert float(penalty(iter(weights), scale_l1=0.5, scale_l2=0.5)) == 11.75
    assert float(penalty(weights)) == 0.0


class ByHand(keras.Model):
    """Computes the chapter's first form: `loss = base_loss + scale * sum|w|`."""

    def compute_loss(self, *arguments, **named):
        kernels = [layer.kernel for layer in self.layers if hasattr(layer, "kernel")]
        return super().compute_loss(*arguments, **named) + penalty(
            kernels, scale_l1=0.01, scale_l2=0.1
        )


def test_by_hand_and_through_every_layers_slot_train_to_the_same_weights():
    def network(regularizer):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((4,))
        layer = functools.partial(tf_recipes.fully_connected, kernel_regularizer=regularizer)
        return inputs, layer(layer(inputs, 5, name="h"), 2, activation=None, name="o")

    x = np.linspace(-1, 1, 32, dtype="float32").reshape(8, 4)
    weights = []
    for model in (ByHand(*network(None)), keras.Model(*network(l1_l2_regularizer(0.01, 0.1)))):
        model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
        history = model.fit(x, x[:, :2], batch_size=4, epochs=3, shuffle=False, verbose=0)
        weights.append([*model.get_weights(), history.history["loss"]])
    for by_hand, slot in zip(*weights, strict=True):
        np.testing.assert_allclose(by_hand, slot, rtol=1e-5, atol=1e-6)


def test_config_round_trip():
    regularizer = l1_l2_regularizer(0.25, 0.5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(regularizer))
    assert float(again(keras.ops.array([2.0]))) == 0.25 * 2 + 0.5 * 4 / 2


# TF 1.15.5 refused integers, bools and negative numbers with a ValueError each.
@pytest.mark.parametrize("scale", [1, 0, True, -0.1, float("nan"), float("inf"), "0.1", None])
@pytest.mark.parametrize(
    "make, name",
    [
        (l1_regularizer, "scale"),
        (l2_regularizer, "scale"),
        (lambda scale: l1_l2_regularizer(scale, 0.1), "scale_l1"),
        (lambda scale: l1_l2_regularizer(0.1, scale), "scale_l2"),
        (lambda scale: penalty([W], scale_l1=scale), "scale_l1"),
    ],
)
def test_bad_scales(make, name, scale, fails):
    with fails(f"{name}={scale!r}"):
        make(scale)


def test_integer_scale_is_told_the_float_to_write(fails):
    with fails("must be a float, as in TF1", "scale=1", "Write 1.0."):
        l2_regularizer(1)


def test_no_weights(fails):
    with fails("There must be weights", "weights=[]"):
        penalty([], scale_l1=0.1)
