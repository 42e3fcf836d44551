"""Tests the layer that returns an array of its own."""

import keras
import numpy as np
import pytest

import tf_recipes
from tf_recipes.parity.tf1 import compat

KERNEL = [[1.0, 2.0], [3.0, -4.0], [0.5, 0.25]]
ROWS = [[1.0, 1.0, 2.0], [0.0, -1.0, 4.0]]
CODED = [[5.0, -1.5], [-1.0, 5.0]]  # ROWS times KERNEL, by hand
DECODED = [[2.0, 21.0, 2.125], [9.0, -23.0, 0.75]]  # CODED times its transpose


@pytest.fixture
def model():
    """Returns an autoencoder whose two products share one kernel."""
    inputs = keras.Input((3,))
    kernel = tf_recipes.Weight((3, 2), name="kernel")(inputs)
    coded = keras.ops.matmul(inputs, kernel)
    model = keras.Model(inputs, [coded, keras.ops.matmul(coded, keras.ops.transpose(kernel))])
    model.get_layer("kernel").value.assign(KERNEL)
    return model


def test_one_array_serves_two_products(model):
    coded, decoded = model(np.float32(ROWS))
    np.testing.assert_array_equal(coded, CODED)
    np.testing.assert_array_equal(decoded, DECODED)
    assert [each.path for each in model.trainable_variables] == ["kernel/value"]


def test_the_original_gives_the_same():
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        inputs = tf.compat.v1.placeholder("float32", (None, 3))
        outputs = compat.original("weight").tied(inputs, 2)
        (kernel,) = tf.compat.v1.global_variables()
        kernel.load(np.float32(KERNEL), session)
        coded, decoded = session.run(outputs, {inputs: ROWS})
    np.testing.assert_array_equal(coded, CODED)
    np.testing.assert_array_equal(decoded, DECODED)


def test_training_changes_it_by_the_sum_of_both_gradients(model):
    # by hand, for the loss sum(decoded): d/dK = x' (1 K) + 1' (x K), with the ones of 2 rows
    rows, kernel, ones = np.array(ROWS), np.array(KERNEL), np.ones((2, 3))
    expected = kernel - 0.5 * (rows.T @ (ones @ kernel) + ones.T @ (rows @ kernel)) / ones.size
    trained = keras.Model(model.inputs, model.outputs[1])
    trained.compile(keras.optimizers.SGD(0.5), lambda y, predicted: keras.ops.mean(predicted))
    trained.fit(np.float32(ROWS), np.zeros((2, 3), "f"), verbose=0)
    np.testing.assert_allclose(trained.get_layer("kernel").value, expected, rtol=1e-6)


def test_a_saved_model_has_it(model, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(np.float32(ROWS))[1], DECODED)


def test_it_takes_regularizer_constraint_and_dtype():
    layer = tf_recipes.Weight((2,), "ones", keras.regularizers.L2(0.5), "non_neg", dtype="float64")
    value = layer(np.zeros(1))
    assert (keras.backend.standardize_dtype(value.dtype), float(layer.losses[0])) == ("float64", 1)
    assert isinstance(layer.value.constraint, keras.constraints.NonNeg)
    fixed = tf_recipes.Weight((2,), trainable=False)
    fixed(np.zeros(1))
    assert (fixed.trainable_variables, len(fixed.weights)) == ([], 1)


@pytest.mark.parametrize("shape", [(2.5,), (-1, 2), ("a",)])
def test_a_shape_of_other_things_than_sizes_is_refused(shape):
    with pytest.raises(ValueError, match=r"`shape` must be a tuple of sizes\. Received: shape="):
        tf_recipes.Weight(shape)
