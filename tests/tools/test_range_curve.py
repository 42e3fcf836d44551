"""Tests the moving average of the loss over a rising rate, and the suggested rate."""

import math

import numpy as np
import pytest

from tf_recipes.tools.range_curve import RangeCurve


def curve_of(losses, smoothing=0.0, rates=None):
    curve = RangeCurve(smoothing)
    for rate, loss in zip(rates or np.geomspace(1e-4, 1, len(losses)), losses, strict=True):
        curve.add(float(rate), float(loss))
    return curve


def valley(lowest, steps=40):
    """Returns losses that fall in a straight line to the step `lowest`, and then rise."""
    return [1 + abs(k - lowest) for k in range(steps)]


def test_the_average_is_corrected_for_its_start():
    # by hand, beta = 0.9: 4; (0.9 0.4 + 0.1 2) / 0.19; (0.9 0.56 + 0.1 1) / 0.271
    np.testing.assert_allclose(curve_of([4, 2, 1], 0.9).smoothed, [4, 0.56 / 0.19, 0.604 / 0.271])
    np.testing.assert_allclose(curve_of([5] * 30, 0.9).smoothed, [5] * 30)
    assert curve_of([3, 1, 2]).smoothed == [3, 1, 2]


@pytest.mark.parametrize("smoothing, window", [(0.0, 10), (0.9, 10), (0.95, 20), (0.99, 100)])
def test_the_window_is_what_the_average_covers(smoothing, window):
    assert RangeCurve(smoothing).window == window


def test_a_tenth_of_the_rate_of_the_lowest_loss():
    curve = curve_of(valley(30), rates=[10 ** (k / 10 - 4) for k in range(40)])
    assert curve.best_rate == pytest.approx(0.1) and curve.suggestion == pytest.approx(0.01)
    assert curve.reason == ""


def test_a_lucky_batch_at_the_start_is_no_minimum():
    losses = valley(30)
    losses[2] = 0.5
    assert curve_of(losses).best_rate == curve_of(valley(30)).best_rate


def test_losses_that_only_scatter_suggest_nothing():
    rng, suggested = np.random.default_rng(0), 0
    for _ in range(500):
        suggested += curve_of(rng.normal(2.3, 0.1, 100), 0.9).suggestion is not None
    assert suggested <= 15  # about 1 % by chance


def test_a_fall_among_scatter_is_found():
    rng, found = np.random.default_rng(0), []
    fall = 2.3 - 1.0 / (1 + np.exp(-(np.arange(100) - 40) / 5)) + np.maximum(0, np.arange(100) - 70)
    for _ in range(50):
        found.append(curve_of(fall + rng.normal(0, 0.3, 100), 0.9).suggestion)
    assert None not in found
    # steps 50 to 72 of the rates from 1e-4 to 1
    assert 1e-4 * 1e4 ** (50 / 99) < min(found) * 10 <= max(found) * 10 < 1e-4 * 1e4 ** (72 / 99)


@pytest.mark.parametrize(
    "losses, reason",
    [
        (valley(30)[:10], "10 finite losses, and more than 10 are needed"),
        ([*valley(30)[:5], math.nan], "5 finite losses"),
        (valley(39), "still falling at the last rate, 1"),
        (valley(0), "the loss never fell"),
        ([1.0] * 40, "the loss never fell"),
    ],
)
def test_why_there_is_no_suggestion(losses, reason):
    curve = curve_of(losses)
    assert curve.suggestion is None and reason in curve.reason


def test_diverged():
    assert not RangeCurve(0.9).diverged(4.0)
    steady = [1.0] * 20
    assert not curve_of([*steady, 4.0]).diverged(4.0)  # four times, not more
    assert curve_of([*steady, 4.01]).diverged(4.0)
    assert not curve_of([*steady, 4.01]).diverged(None)
    assert not curve_of([*steady[:9], 4.01]).diverged(4.0)  # the window is not full
    for value in (math.nan, math.inf):
        assert curve_of([1.0, value]).diverged(4.0) and curve_of([1.0, value]).diverged(None)
    # below zero: -2 + 3 * 2
    assert not curve_of([-2.0] * 20 + [3.9]).diverged(4.0)
    assert curve_of([-2.0] * 20 + [4.1]).diverged(4.0)


@pytest.mark.parametrize(
    "losses, title", [(valley(30), ""), ([1.0] * 40, "no suggestion: the loss never fell")]
)
def test_figure(losses, title):
    (axes,) = curve_of([*losses, math.inf]).figure().axes
    assert axes.get_xlabel() == "learning rate" and axes.get_xscale() == "log"
    assert axes.get_ylabel() == "training loss of a batch"
    assert axes.get_title().startswith(title)
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names[:2] == ["each batch", "moving average"]
    assert [name.startswith("suggested: ") for name in names[2:]] == [True] * (not title)
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), losses)


def test_the_axis_shows_what_was_before_the_divergence():
    low, high = curve_of([*valley(30), 1e6]).limits()
    assert low < 1 and 31 < high < 60
    low, high = curve_of([math.nan]).limits()
    assert low < high
