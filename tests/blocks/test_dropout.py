"""Tests dropout by `keep_prob`, on inputs and hidden layers."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from tf_recipes import Dropout, FastFitModel
from tf_recipes._support import replicas

# TF 1.15.5: sess.run(tf.nn.dropout(tf.ones((200,), dtype), keep_prob)).max()
# tf.contrib.layers.dropout gives the same numbers.
FACTORS = [
    ("float32", 0.1, 9.999998),
    ("float32", 0.3, 3.3333333),
    ("float32", 1 / 3, 3.0000002),
    ("float32", 0.5, 2.0),
    ("float32", 0.7, 1.4285715),
    ("float32", 0.8, 1.25),
    ("float32", 0.9, 1.1111112),
    ("float64", 0.1, 10.000000000000002),
    ("float64", 0.3, 3.333333333333333),
    ("float64", 1 / 3, 3.000000000000001),
    ("float64", 0.7, 1.4285714285714286),
    ("float64", 0.9, 1.1111111111111112),
]


@pytest.mark.parametrize("dtype, keep_prob, factor", FACTORS)
def test_what_is_kept_is_scaled_as_in_tf1(dtype, keep_prob, factor):
    values = Dropout(keep_prob, seed=1, dtype=dtype)(np.ones(200, dtype), training=True)
    kind = np.dtype(dtype).type
    assert set(np.array(values).tolist()) == {0.0, kind(factor).item()}


@pytest.mark.parametrize("keep_prob", [0.2, 0.5, 0.9])
def test_share_that_is_kept(keep_prob):
    n = 100_000
    kept = np.count_nonzero(Dropout(keep_prob, seed=2)(np.ones(n, "float32"), training=True))
    assert abs(kept / n - keep_prob) < 4 * (keep_prob * (1 - keep_prob) / n) ** 0.5


def test_evaluation_and_keeping_all_are_the_identity():
    x = np.linspace(-3, 3, 20, dtype="float32")
    np.testing.assert_array_equal(Dropout(0.5)(x), x)
    np.testing.assert_array_equal(Dropout(0.5)(x, training=False), x)
    np.testing.assert_array_equal(Dropout(1.0)(x, training=True), x)
    np.testing.assert_array_equal(Dropout(1)(x, training=True), x)


def test_masks_change_from_step_to_step_and_repeat_with_the_seed():
    x = np.ones(100, "float32")
    first, again, other = Dropout(0.5, seed=1), Dropout(0.5, seed=1), Dropout(0.5, seed=2)
    steps = [np.array(first(x, training=True)) for _ in range(2)]
    assert (steps[0] != steps[1]).any()
    for step in steps:
        np.testing.assert_array_equal(again(x, training=True), step)
    assert (np.array(other(x, training=True)) != steps[0]).any()


def test_gradient_flows_through_what_is_kept():
    layer = Dropout(0.8, seed=1)
    x = tf.ones(50)
    with tf.GradientTape() as tape:
        tape.watch(x)
        values = layer(x, training=True)
    np.testing.assert_array_equal(tape.gradient(values, x), values)


@pytest.mark.parametrize(
    "dtype, jit_compile",
    [("float32", True), ("float64", False), ("mixed_float16", False)],
)
def test_on_input_and_hidden_layer_it_trains_and_loads(dtype, jit_compile, tmp_path):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6,))
    x = Dropout(0.9, seed=1, dtype=dtype)(inputs)
    x = keras.layers.Dense(16, "relu", dtype=dtype)(x)
    x = Dropout(0.5, seed=2, dtype=dtype)(x)
    model = keras.Model(inputs, keras.layers.Dense(1, dtype=dtype)(x))
    model.compile("adam", "mse", jit_compile=jit_compile)
    model.optimizer.build(model.trainable_variables)  # else Keras traces the first step twice
    images = np.linspace(-1, 1, 96, dtype="float32").reshape(16, 6)
    before = model.get_weights()
    model.fit(images, images.sum(-1), verbose=0)
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert [layer.keep_prob for layer in again.layers if isinstance(layer, Dropout)] == [0.9, 0.5]
    np.testing.assert_array_equal(
        again.predict(images, verbose=0), model.predict(images, verbose=0)
    )


# TF 1.15.5 accepted these shapes for ones of shape (2, 4, 3), with keep_prob 0.5: what they keep
# together.
@pytest.mark.parametrize(
    ("noise_shape", "together"),
    [
        ((2, 1, 3), (1,)),
        ((None, 1, None), (1,)),
        ([2, 4, 1], (2,)),
        ((1, 4, 3), (0,)),
        ((1, None, 1), (0, 2)),
        ((1, 1, 1), (0, 1, 2)),
        ((1,), (0, 1, 2)),
        ((4, 1), (0, 2)),
        ((3,), (0, 1)),
    ],
)
def test_noise_shape(noise_shape, together):
    layer = Dropout(0.5, seed=3, noise_shape=noise_shape)
    ones = np.ones((2, 4, 3), "float32")
    draws = np.stack([layer(ones, training=True) for _ in range(12)])
    assert set(draws.ravel().tolist()) == {0.0, 2.0}
    axes = tuple(axis + 1 for axis in together)
    np.testing.assert_array_equal(
        draws, np.broadcast_to(draws.max(axes, keepdims=True), draws.shape)
    )
    for axis in {1, 2, 3} - {*axes}:
        assert (draws != draws.take([0], axis)).any()
    np.testing.assert_array_equal(layer(ones), ones)


def test_noise_shape_for_any_batch_in_the_compiled_loop_and_in_a_saved_model(tmp_path):
    inputs = keras.Input((5, 2))
    dropped = Dropout(0.5, seed=1, noise_shape=(None, 1, None))(inputs)
    model = FastFitModel(inputs, keras.layers.Dense(1, use_bias=False)(dropped))
    model.compile(keras.optimizers.SGD(0.1), "mse")  # with XLA, and so with masks ahead
    ones = np.ones((8, 5, 2), "float32")
    model.fit(ones, ones[..., :1], batch_size=4, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras").layers[1]
    assert again.noise_shape == (None, 1, None)
    values = np.array(again(ones, training=True))
    np.testing.assert_array_equal(values, np.broadcast_to(values[:, :1], values.shape))


# TF 1.15.5 refused the first two for inputs of shape (2, 4, 3), too.
@pytest.mark.parametrize("noise_shape", [(3, 1), (2, 1, 2), (None, 1), (1, 2, 4, 3)])
def test_noise_shape_that_does_not_fit(noise_shape, fails):
    with fails("`noise_shape`", f"noise_shape={noise_shape}", "(2, 4, 3)"):
        Dropout(0.5, noise_shape=noise_shape).call(ops.ones((2, 4, 3)), training=True)


@pytest.mark.parametrize("noise_shape", [(), 3, (2, -1), (2, 0), (1.0,), (True,), "12"])
def test_bad_noise_shape(noise_shape, fails):
    with fails("`noise_shape`", f"noise_shape={noise_shape!r}", "(None, 1, None)"):
        Dropout(0.5, noise_shape=noise_shape)


def test_noise_shape_is_any_sequence(fails):
    for given in ([None, 1, 3], np.array([2, 1, 3]), range(1, 4), np.array([2, None], object)):
        assert Dropout(0.5, noise_shape=given).noise_shape == tuple(given)
    for given in (np.array([[1, 2]]), np.array([1.0]), np.array(3), b"12"):
        with fails("`noise_shape`", "(None, 1, None)"):
            Dropout(0.5, noise_shape=given)


def test_inputs_that_are_not_floating(fails):
    # TF 1.15.5: "x has to be a floating point tensor since it's going to be scaled."; it returned
    # the inputs where nothing is dropped.
    whole = ops.array([1, 2])
    with fails("must be floating", "int32", "keras.ops.cast"):
        Dropout(0.5).call(whole, training=True)
    np.testing.assert_array_equal(Dropout(0.5).call(whole), [1, 2])


def test_masks_of_sequences_pass_through():
    embedded = keras.layers.Embedding(9, 4, mask_zero=True)(np.array([[3, 1, 0]]))
    dropped = Dropout(0.5)(embedded, training=True)
    np.testing.assert_array_equal(dropped._keras_mask, [[True, True, False]])


def test_config_round_trip():
    layer = Dropout(0.75, seed=3, name="drop")
    text = json.dumps(keras.saving.serialize_keras_object(layer))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert isinstance(again, Dropout)
    assert again.get_config() == layer.get_config()
    assert again.keep_prob == 0.75


# TF 1.15.5 refused a keep_prob of 0, 1.5 and -1 with a ValueError each.
@pytest.mark.parametrize("keep_prob", [0, 0.0, 1.5, -1.0, float("nan"), "0.5", None, True])
def test_bad_keep_prob(keep_prob, fails):
    with fails("`keep_prob`", "(0, 1]", f"keep_prob={keep_prob!r}"):
        Dropout(keep_prob)


def test_replicas_take_their_rows_of_the_mask_of_the_whole_batch():
    ones = np.ones((6, 50), "float32")
    whole = np.array(Dropout(0.5, seed=3)(ones, training=True))
    parts = []
    for index in range(3):
        with replicas.sharing(replicas.Share(index, 3, None)):
            parts.append(np.array(Dropout(0.5, seed=3)(ones[:2], training=True)))
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert not np.array_equal(parts[0], parts[1])


@pytest.mark.parametrize("noise_shape", [(None, 1), (1, None), (6, 1)])
def test_replicas_take_their_rows_of_a_mask_with_a_noise_shape(noise_shape):
    ones = np.ones((6, 50), "float32")
    whole = np.array(Dropout(0.5, seed=3, noise_shape=noise_shape)(ones, training=True))
    parts = []
    for index in range(3):
        with replicas.sharing(replicas.Share(index, 3, None)):
            layer = Dropout(0.5, seed=3, noise_shape=noise_shape)
            parts.append(np.array(layer(ones[:2], training=True)))
    np.testing.assert_array_equal(np.concatenate(parts), whole)
