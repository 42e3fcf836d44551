"""Tests several optimizers in one step with numbers of TensorFlow 1.15.5."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import tf_recipes

# TF 1.15.5, resource variables: ten times tf.group(GradientDescentOptimizer(0.1).minimize(loss,
# var_list=[a]), AdamOptimizer(0.1, beta1=0.5).minimize(loss, var_list=[b])), from a = (1, 2) and
# b = (0.5, -1), with loss = reduce_sum(square(a * b - 3)); then with clip_by_global_norm(.., 0.25)
EXPECTED = {
    None: [[2.5043582916259766, -2.3512792587280273], [1.221972942352295, -1.0078096389770508]],
    0.25: [[1.0546081066131592, 1.9380134344100952], [1.5184276103973389, 0.011158779263496399]],
}


def parts():
    return [(keras.optimizers.SGD(0.1), ["a"]), (tf_recipes.Adam(0.1, beta_1=0.5), None)]


def variables():
    start = {"a": [1.0, 2.0], "b": [0.5, -1.0]}
    return [keras.Variable(value, name=name) for name, value in start.items()]


def trained(optimizer, steps=10):
    a, b = variables()
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(a * b - 3.0))
        optimizer.apply(tape.gradient(loss, [a.value, b.value]), [a, b])
    return [a.numpy(), b.numpy()]


@pytest.mark.parametrize("clip", EXPECTED)
def test_each_weight_is_trained_by_its_optimizer(clip):
    optimizer = tf_recipes.SeveralOptimizers(parts(), global_clipnorm=clip)
    np.testing.assert_allclose(trained(optimizer), EXPECTED[clip], rtol=2**-20)
    assert [int(each.iterations) for each in (optimizer, *optimizer.inner_optimizers)] == [10] * 3
    weights = [optimizer.weights_of(each) for each in optimizer.inner_optimizers]
    assert [[each.path for each in own] for own in weights] == [["a"], ["b"]]


def test_config_round_trip():
    optimizer = tf_recipes.SeveralOptimizers(parts(), clipnorm=0.5)
    text = json.dumps(keras.saving.serialize_keras_object(optimizer))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert again.get_config() == optimizer.get_config()
    np.testing.assert_array_equal(trained(again), trained(optimizer))


def model():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((3,), name="x")
    hidden = keras.layers.Dense(4, activation="tanh", name="deep")(inputs)
    out = keras.layers.Dense(1, name="wide")(hidden)
    made = keras.Model(inputs, out)
    pairs = [
        (tf_recipes.Momentum(0.1, momentum=0.5), ["wide", "deep/bias"]),
        (keras.optimizers.Adam(0.01), ["deep"]),
    ]
    made.compile(tf_recipes.SeveralOptimizers(pairs), "mse")
    made.optimizer.build(made.trainable_variables)  # else Keras traces the first step twice
    return made


X = np.random.RandomState(0).randn(16, 3).astype("f4")
Y = np.random.RandomState(1).randn(16, 1).astype("f4")


def test_the_longest_name_counts():
    made = model()
    made.optimizer.build(made.trainable_variables)
    found = [
        [each.path for each in made.optimizer.weights_of(inner)]
        for inner in made.optimizer.inner_optimizers
    ]
    assert found == [["deep/bias", "wide/kernel", "wide/bias"], ["deep/kernel"]]


def test_training_goes_on_after_saving(tmp_path):
    whole, half = model(), model()
    whole.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    half.fit(X, Y, batch_size=4, epochs=1, shuffle=False, verbose=0)
    half.save(tmp_path / "half.keras")
    again = keras.saving.load_model(tmp_path / "half.keras")
    again.fit(X, Y, batch_size=4, epochs=1, shuffle=False, verbose=0)
    for one, other in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_averages_and_a_loss_scale_go_around():
    plain, scaled = model(), model()
    optimizer = tf_recipes.ExponentialMovingAverage(scaled.optimizer, decay=0.5)
    scaled.compile(keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=4.0), "mse")
    scaled.optimizer.build(scaled.trainable_variables)  # else Keras traces the first step twice
    for each in (plain, scaled):
        each.fit(X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    for one, other in zip(plain.get_weights(), scaled.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_rates_are_those_of_the_optimizers(fails):
    optimizer = tf_recipes.SeveralOptimizers(parts())
    optimizer.inner_optimizers[0].learning_rate = 0.5
    assert float(optimizer.learning_rate) == 0.5
    with fails("a learning rate of its own", "learning_rate=0.5"):
        optimizer.learning_rate = 0.5


SGD = keras.optimizers.SGD


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (lambda: SGD(0.1), "must be pairs of an optimizer and names"),
        (list, "must be pairs of an optimizer and names"),
        (lambda: [(SGD(0.1), "a"), (SGD(0.1), None)], "must be a list of paths, or None"),
        (lambda: [(SGD(0.1), None), (SGD(0.1), None)], "One optimizer alone can train all other"),
        (lambda: [(SGD(0.1), ["a"]), (SGD(0.1), ["a"])], "Each weight must have one optimizer"),
        (lambda: [(SGD(0.1, use_ema=True), None)], "must not scale the loss"),
        (lambda: [(SGD(0.1), ["c"]), (SGD(0.1), None)], "'c', which is not among"),
        (lambda: [(SGD(0.1), ["a"])], "none for 'b'"),
    ],
)
def test_bad_parts(made, text):
    with pytest.raises(ValueError, match=text):
        tf_recipes.SeveralOptimizers(made()).build(variables())
