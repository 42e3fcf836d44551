"""Tests the walk through optimizers inside optimizers."""

import keras

import tf_recipes
from tf_recipes._support import wrapped_optimizers


def test_the_optimizers_come_from_the_outside():
    inner = keras.optimizers.SGD()
    averages = tf_recipes.ExponentialMovingAverage(inner, decay=0.9)
    outer = keras.optimizers.LossScaleOptimizer(averages)
    assert wrapped_optimizers.from_outside(outer) == [outer, averages, inner]
    assert wrapped_optimizers.from_outside(inner) == [inner]
