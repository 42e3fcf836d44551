"""Tests the embedding with a largest norm: TF1's rows and gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_recipes import Embedding

TABLE = [[3.0, 4.0], [0.3, -0.4], [0.0, 0.0], [-1.0, 2.0]]
IDS = np.array([[0, 1], [2, 3], [0, 3]])
# TF 1.15.5: rows = tf.nn.embedding_lookup(TABLE, IDS, max_norm=max_norm), and the gradient of
# sum(rows * [1, 2, ..., 12]) with respect to TABLE
LOOKED_UP = [
    (
        "float32",
        1.0,
        [[0.6000000238418579, 0.800000011920929], [0.30000001192092896, -0.4000000059604645]],
        [-0.4472135901451111, 0.8944271802902222],
        [
            [0.1280001550912857, -0.0959998071193695],
            [3.0, 4.0],
            [5.0, 6.0],
            [10.017583847045898, 5.008792400360107],
        ],
    ),
    (
        "float64",
        1.0,
        [[0.6, 0.8], [0.3, -0.4]],
        [-0.4472135954999579, 0.8944271909999159],
        [
            [0.12799999999999995, -0.09600000000000014],
            [3.0, 4.0],
            [5.0, 6.0],
            [10.017584539199058, 5.008792269599528],
        ],
    ),
    (
        "float64",
        0.7,
        [[0.41999999999999993, 0.5599999999999999], [0.3, -0.39999999999999997]],
        [-0.3130495168499705, 0.626099033699941],
        [
            [0.0896000000000001, -0.06719999999999998],
            [2.9999999999999996, 4.0],
            [5.0, 5.999999999999999],
            [7.012309177439339, 3.5061545887196703],
        ],
    ),
]


def layer(max_norm, dtype="float32", **arguments):
    made = Embedding(4, 2, max_norm=max_norm, dtype=dtype, **arguments)
    made.build()
    made.embeddings.assign(TABLE)
    return made


@pytest.mark.parametrize("dtype, max_norm, rows, last, expected", LOOKED_UP)
def test_rows_and_gradients_are_those_of_tf1(dtype, max_norm, rows, last, expected):
    made = layer(max_norm, dtype)
    rtol = {"float32": 2**-22, "float64": 2**-51}[dtype]
    with tf.GradientTape() as tape:
        found = made(IDS)
        loss = tf.reduce_sum(found * np.arange(1, 13, dtype=dtype).reshape(3, 2, 2))
    gradient = tape.gradient(loss, made.embeddings.value)
    np.testing.assert_allclose(found[0], rows, rtol=rtol)
    np.testing.assert_allclose(found[1], [[0.0, 0.0], last], rtol=rtol)
    assert isinstance(gradient, tf.IndexedSlices)
    atol = {"float32": 1e-6, "float64": 1e-15}[dtype]  # two gradients cancel in the first row
    np.testing.assert_allclose(tf.convert_to_tensor(gradient), expected, rtol=rtol, atol=atol)
    np.testing.assert_array_equal(made.embeddings.numpy(), np.array(TABLE, dtype))


def test_training_turns_rows_that_are_too_long():
    """TF 1.15.5: three steps of GradientDescentOptimizer(0.1) on sum((rows - 1/4)^2)."""
    made = layer(1.0)
    model = keras.Sequential([keras.Input((4,), dtype="int32"), made])
    # Keras' loss is the mean of the eight numbers
    model.compile(keras.optimizers.SGD(0.8), "mse", jit_compile=False)
    for _ in range(3):
        model.train_on_batch(np.array([[0, 1, 1, 3]]), np.full((1, 4, 2), 0.25))
    expected = [
        [3.0047850608825684, 3.996408224105835],
        [0.26080000400543213, 0.1095999926328659],
        [0.0, 0.0],
        [-0.9193572402000427, 2.0389842987060547],
    ]
    np.testing.assert_allclose(made.embeddings.numpy(), expected, rtol=1e-6)


def test_without_a_limit_it_is_the_layer_of_keras():
    np.testing.assert_array_equal(layer(None)(IDS), np.float32(TABLE)[IDS])


def test_half_precision_computes_the_norm_in_float32():
    made = layer(1.0, "mixed_float16", mask_zero=True)
    made.embeddings.assign(300 * np.array(TABLE))  # the square of 1200 is above half's range
    rows = made(np.array([0, 2, 3]))
    assert keras.backend.standardize_dtype(rows.dtype) == "float16"
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0], [-0.4472, 0.8945]], atol=3e-4)
    np.testing.assert_array_equal(made.compute_mask(np.array([0, 2])), [False, True])


def test_a_saved_model_keeps_the_limit(tmp_path):
    made = layer(0.5)
    model = keras.Sequential([keras.Input((2,), dtype="int32"), made])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert (type(again.layers[0]), again.layers[0].max_norm) == (Embedding, 0.5)
    np.testing.assert_array_equal(again(IDS), made(IDS))
    # numbers that are no whole numbers are rows, too, as in Keras' layer
    np.testing.assert_array_equal(made(IDS.astype("float32")), made(IDS))


@pytest.mark.parametrize("max_norm", [0, -1.0, float("nan"), "1", True])
def test_bad_limits(max_norm, fails):
    with fails("`max_norm`", "(0, inf)", f"max_norm={max_norm!r}"):
        Embedding(4, 2, max_norm=max_norm)


@pytest.mark.parametrize("max_norm", [None, 1.0])
@pytest.mark.parametrize("wrong", [-1, 4])
def test_an_id_outside_the_table_is_refused(max_norm, wrong):
    """TF 1.15.5 on a processor: `indices[0] = -1 is not in [0, 4)`."""
    looked_up = tf.function(layer(max_norm), autograph=False)
    for call in (layer(max_norm), looked_up):
        with pytest.raises(tf.errors.InvalidArgumentError, match=rf"= {wrong} is not in \[0, 4\)"):
            call(tf.constant([wrong]))
