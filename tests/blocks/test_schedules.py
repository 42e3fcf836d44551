"""Tests exponential decay: TF1's rates, bit for bit."""

import keras
import numpy as np
import pytest

import tf_recipes
from tf_recipes import exponential_decay

# TF 1.15.5: sess.run(tf.train.exponential_decay(rate, step, steps, factor, staircase=...))
RATES = [
    ((0.1, 10000, 1 / 10, False), 0, 0.10000000149011612),
    ((0.1, 10000, 1 / 10, False), 1, 0.09997697919607162),
    ((0.1, 10000, 1 / 10, False), 5000, 0.03162277862429619),
    ((0.1, 10000, 1 / 10, False), 9999, 0.010002302937209606),
    ((0.1, 10000, 1 / 10, False), 10000, 0.010000000707805157),
    ((0.1, 10000, 1 / 10, False), 25000, 0.0003162277862429619),
    ((0.1, 10000, 1 / 10, True), 5000, 0.10000000149011612),
    ((0.1, 10000, 1 / 10, True), 9999, 0.10000000149011612),
    ((0.1, 10000, 1 / 10, True), 10000, 0.010000000707805157),
    ((0.1, 10000, 1 / 10, True), 25000, 0.0010000000474974513),
    ((0.05, 20, 0.5, False), 7, 0.03922920674085617),
    ((0.05, 20, 0.5, False), 100, 0.0015625000232830644),
]


@pytest.mark.parametrize("arguments, step, rate", RATES)
def test_rates_are_those_of_tf1(arguments, step, rate):
    assert float(exponential_decay(*arguments)(step)) == rate


def test_first_step_takes_the_undecayed_rate():
    weight = keras.Variable(0.0)
    optimizer = keras.optimizers.SGD(exponential_decay(1.0, 1, 0.5))
    for expected in (-1.0, -1.5, -1.75):
        optimizer.apply([keras.ops.array(1.0)], [weight])
        assert float(weight) == expected


def test_config_round_trip():
    schedule = exponential_decay(0.1, 20, 0.5, staircase=True)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert again.get_config() == schedule.get_config()
    np.testing.assert_allclose(float(again(40)), 0.025)


@pytest.mark.parametrize(
    "arguments, parts",
    [
        ((-0.1, 10, 0.5), ["`initial_learning_rate`", "-0.1"]),
        ((0.1, 0, 0.5), ["`decay_steps`", "(0, inf)", "decay_steps=0"]),
        ((0.1, 10, 0), ["`decay_rate`", "decay_rate=0"]),  # Python 2's 1/10
        ((0.1, 10, float("nan")), ["`decay_rate`", "nan"]),
        ((0.1, 10, 0.5, "yes"), ["`staircase`", "'yes'"]),
    ],
)
def test_bad_arguments(arguments, parts, fails):
    with fails(*parts):
        exponential_decay(*arguments)


def test_whole_numbers_decay_as_floats():
    schedule = tf_recipes.exponential_decay(1, decay_steps=10, decay_rate=0.5)
    assert [float(schedule(step)) for step in (0, 10, 20)] == [1.0, 0.5, 0.25]
