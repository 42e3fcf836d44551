"""Tests leaky ReLU with the chapter's slope, and ELU."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes

Z = [-3.0, -1.0, -0.1, 0.0, 2.0]


def test_leaky_relu_is_the_chapters():
    # TF 1.15.5: z = tf.constant(Z); sess.run(tf.maximum(0.01 * z, z))
    expected = [-0.029999999329447746, -0.009999999776482582, -0.0010000000474974513, 0.0, 2.0]
    values = tf_recipes.leaky_relu(keras.ops.array(Z, "float32"))
    np.testing.assert_array_equal(values, np.float32(expected))


def test_leaky_relu_gradient():
    # TF 1.15.5: sess.run(tf.gradients(tf.maximum(0.01 * z, z), z)), at zero too
    z = tf.constant(Z)
    with tf.GradientTape() as tape:
        tape.watch(z)
        values = tf_recipes.leaky_relu(z)
    expected = np.float32([0.01, 0.01, 0.01, 0.01, 1.0])
    np.testing.assert_array_equal(tape.gradient(values, z), expected)


def test_elu():
    # TF 1.15.5: sess.run(tf.nn.elu(tf.constant(Z, tf.float64)))
    expected = [-0.950212931632136, -0.6321205588285577, -0.09516258196404048, 0.0, 2.0]
    np.testing.assert_allclose(tf_recipes.elu(keras.ops.array(Z, "float64")), expected, rtol=1e-15)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtype_is_kept(dtype):
    z = keras.ops.array(Z, dtype)
    assert keras.backend.standardize_dtype(tf_recipes.leaky_relu(z).dtype) == dtype
    assert keras.backend.standardize_dtype(tf_recipes.elu(z).dtype) == dtype


def test_xla():
    compiled = tf.function(tf_recipes.leaky_relu, jit_compile=True)
    np.testing.assert_array_equal(compiled(tf.constant(Z)), tf_recipes.leaky_relu(tf.constant(Z)))


def test_a_saved_layer_finds_it_again():
    layer = keras.layers.Activation(tf_recipes.leaky_relu)
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    assert again.activation is tf_recipes.leaky_relu


@pytest.mark.parametrize("slope", [-0.1, 1.0, float("nan"), "0.01", None])
def test_bad_slopes(slope, fails):
    with fails("`negative_slope`", "[0, 1)", f"negative_slope={slope!r}"):
        tf_recipes.leaky_relu(np.float32(Z), negative_slope=slope)
