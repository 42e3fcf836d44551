"""Tests intervals by the table of Student's t: 4.303, 2.776, 12.706 for 2, 4, 1 degrees."""

import math

import pytest

from lab.chapters.intervals import Estimate, difference, estimate


def test_estimate_of_three():
    found = estimate([1.0, 2.0, 3.0])  # standard deviation 1
    assert (found.mean, found.n) == (2.0, 3)
    assert found.half == pytest.approx(4.303 / math.sqrt(3), rel=2e-4)


def test_estimate_of_five():
    found = estimate([0.0, 0.0, 0.0, 0.0, 5.0])  # mean 1, variance 20 / 4
    assert found.half == pytest.approx(2.776 * math.sqrt(5 / 5), rel=2e-4)


def test_several_comparisons_widen_the_interval():
    # 5 % shared by five: 1 %, for which t is 63.657 with one degree of freedom
    found = estimate([0.0, 2.0], comparisons=5)
    assert found.half == pytest.approx(63.657 * math.sqrt(2) / math.sqrt(2), rel=1e-4)
    assert estimate([0.0, 2.0]).half == pytest.approx(12.706, rel=1e-4)


def test_a_difference_is_paired():
    found = difference([10.0, 20.0, 30.0], [9.0, 19.0, 29.0])
    assert (found.mean, found.half) == (1.0, 0.0)
    assert found.above_zero and not found.below_zero


@pytest.mark.parametrize(
    ("mean", "half", "above", "below"),
    [(1.0, 0.9, True, False), (1.0, 1.0, False, False), (-1.0, 0.5, False, True)],
)
def test_which_side_of_zero(mean, half, above, below):
    found = Estimate(mean, half, 5)
    assert (found.above_zero, found.below_zero) == (above, below)


def test_text():
    assert Estimate(0.5, 0.25, 3).text("{:+.1f}") == "+0.5 ± 0.2"


@pytest.mark.parametrize("values", [[], [1.0]])
def test_one_value_has_no_spread(values, fails):
    with fails("An estimate needs at least two values", f"{len(values)} value(s)"):
        estimate(values)
