"""Tests layer sizes by arithmetic."""

import keras
import pytest

from tf_recipes.tools.layer_sizes import funnel, parameters, width_for


@pytest.mark.parametrize(
    ("arguments", "sizes"),
    [
        ((300, 100, 2), (300, 100)),
        ((400, 100, 3), (400, 200, 100)),  # halves
        ((81, 1, 5), (81, 27, 9, 3, 1)),  # thirds
        ((50, 50, 3), (50, 50, 50)),
        ((7, 3, 1), (7,)),
    ],
)
def test_funnel(arguments, sizes):
    assert funnel(*arguments) == sizes


def test_a_funnel_builds_a_plain_keras_model():
    layers = [keras.layers.Dense(units, "relu") for units in funnel(64, 16, 3)]
    model = keras.Sequential([keras.Input((784,)), *layers, keras.layers.Dense(10)])
    assert [layer.units for layer in model.layers] == [64, 32, 16, 10]
    assert model.count_params() == parameters((784, 64, 32, 16, 10))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((0, 1, 2), "`first` must be a whole number of at least 1."),
        ((4, 0, 2), "`last` must be a whole number of at least 1."),
        ((4, 2, 0), "`depth` must be a whole number of at least 1."),
        ((4, 2.5, 2), "last=2.5"),
        ((4, 5, 2), "A funnel narrows: `last` must be at most `first`."),
    ],
)
def test_what_is_no_funnel(arguments, part, fails):
    with fails(part):
        funnel(*arguments)


def test_parameters_by_hand():
    assert parameters((3, 2)) == 8  # 6 weights, 2 biases
    assert parameters((3, 2, 1)) == 11


@pytest.mark.parametrize(("depth", "width"), [(1, 126), (2, 110), (3, 100), (8, 75)])
def test_width_for_a_budget(depth, width):
    # depth 2: 785 w + (w + 1) w + (w + 1) 10 = w^2 + 796 w + 10, 99,670 for 110, 100,687 for 111
    assert width_for(100_000, depth, 784, 10) == width


def test_no_other_width_is_nearer():
    for budget in (900, 5000, 123_456):
        width = width_for(budget, 3, 20, 5)
        off = {w: abs(parameters((20, w, w, w, 5)) - budget) for w in (width - 1, width, width + 1)}
        assert min(off, key=off.get) == width


def test_a_budget_below_one_unit(fails):
    with fails("`budget` must allow one unit in each layer, 805 parameters.", "budget=804"):
        width_for(804, 1, 784, 10)  # 784 + 1 + 10 + 10
