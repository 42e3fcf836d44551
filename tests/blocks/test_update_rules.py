"""Tests the update rules with numbers that can be computed by hand."""

import keras
import pytest

from tf_recipes.blocks import _update_rules


def vector(value):
    return keras.ops.array([value], "float64")


def close(tensors, expected):
    assert [float(tensor[0]) for tensor in tensors] == pytest.approx(expected, rel=1e-12)


def test_momentum_puts_the_rate_on_the_whole_velocity():
    # a = 0.5 * 2 + 3 = 4; w = 1 - 0.1 * 4
    close(_update_rules.momentum_update(vector(1), vector(2), vector(3), 0.1, 0.5, False), [0.6, 4])


def test_nesterov_steps_along_the_gradient_and_the_new_velocity():
    # a = 4; w = 1 - (0.1 * 3 + 0.1 * 0.5 * 4)
    close(_update_rules.momentum_update(vector(1), vector(2), vector(3), 0.1, 0.5, True), [0.5, 4])


def test_adagrad_divides_by_the_root_of_the_sum_and_nothing_else():
    # s = 7 + 3^2 = 16; w = 1 - 0.1 * 3 / 4
    close(_update_rules.adagrad_update(vector(1), vector(7), vector(3), 0.1), [0.925, 16])


def test_rmsprop_has_its_epsilon_under_the_root():
    # s = 1 + 0.5 (9 - 1) = 5; a = 0.5 * 2 + 0.1 * 3 / sqrt(5 + 4) = 1.1; w = 1 - 1.1
    w, s, m, a = _update_rules.rmsprop_update(
        vector(1), vector(1), None, vector(2), vector(3), 0.1, 0.5, 0.5, 4.0
    )
    assert m is None
    close([w, s, a], [-0.1, 5, 1.1])


def test_centered_rmsprop_divides_by_the_variance():
    # s = 1 + 0.5 (4 - 1) = 2.5, m = 0.5 * 2 = 1; the variance 2.5 - 1 + 2.5 = 4
    close(
        _update_rules.rmsprop_update(
            vector(1), vector(1), vector(0), vector(0), vector(2), 0.1, 0.5, 0.5, 2.5
        ),
        [0.9, 2.5, 1, 0.1],
    )


def test_adams_epsilon_is_outside_the_correction():
    # m = 0.5 * 4 = 2, v = 0.75 * 16 = 12, alpha = 0.1 sqrt(1 - 0.25) / (1 - 0.5)
    # w = 1 - alpha * 2 / (sqrt(12) + 0.5)
    alpha = 0.1 * 0.75**0.5 / 0.5
    close(
        _update_rules.adam_update(
            vector(1), vector(0), vector(0), vector(4), 0.1, 0.5, 0.25, 0.5, vector(0.25), 0.5
        ),
        [1 - alpha * 2 / (12**0.5 + 0.5), 2, 12],
    )
