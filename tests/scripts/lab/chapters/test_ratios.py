"""Tests geometric means and their intervals."""

import math

import pytest

from lab.chapters.ratios import geometric, ratio


def test_a_geometric_mean_and_its_interval():
    # logarithms 0, ln 10, ln 100: mean ln 10, s = ln 10; t = 4.302653 with two degrees of freedom
    half = 4.302653 * math.log(10) / math.sqrt(3)
    found = geometric([1.0, 10.0, 100.0])
    assert found.mean == pytest.approx(10)
    assert found.low == pytest.approx(10 / math.exp(half), rel=1e-6)
    assert found.high == pytest.approx(10 * math.exp(half), rel=1e-6)


def test_a_ratio_is_paired_by_the_seed():
    found = ratio([10.0, 100.0, 1000.0], [5.0, 50.0, 500.0])
    assert (found.low, found.mean, found.high) == pytest.approx((2, 2, 2))
    assert ratio([5.0, 50.0], [10.0, 100.0]).mean == pytest.approx(0.5)


def test_more_comparisons_widen_the_interval():
    # t(1 - 0.025 / 2) = 6.205347 with two degrees of freedom
    one, two = (geometric([1.0, 10.0, 100.0], k) for k in (1, 2))
    assert two.mean == one.mean
    assert math.log(two.high / two.mean) / math.log(one.high / one.mean) == pytest.approx(
        6.205347 / 4.302653, rel=1e-6
    )


def test_text():
    assert geometric([20.0, 20.0]).text("{:.1f}") == "20.0 (20.0 to 20.0)"
