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


def test_the_innermost_optimizers_are_those_that_change_weights():
    one, other = keras.optimizers.SGD(), keras.optimizers.Adam()
    several = tf_recipes.SeveralOptimizers([(one, ["a"]), (other, None)])
    outer = tf_recipes.ExponentialMovingAverage(several, decay=0.9)
    assert wrapped_optimizers.innermost(outer) == [one, other]
    assert wrapped_optimizers.innermost(one) == [one]
    assert wrapped_optimizers.all_of(outer) == [outer, several, one, other]
