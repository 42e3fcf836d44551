import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from tf_recipes.verify.reports import ratio_curves
from tf_recipes.verify.reports.report_rows import Curve


def curve(ratios, steps=None, passed=True, kind="variable"):
    steps = tuple(range(1, len(ratios) + 1)) if steps is None else steps
    return Curve("v", "k", kind, steps, tuple(ratios), (), passed, "")


def test_the_axis_holds_every_finite_ratio_and_the_limit():
    axis = ratio_curves.axis([curve([0, 0.3, 2e4, math.inf])], 10.0)
    assert (axis.low, axis.high) == (-1, 5)
    assert (ratio_curves.axis([], 10.0).low, ratio_curves.axis([], 10.0).high) == (-1, 2)
    far = ratio_curves.axis([curve([1e-30, 1e200])], 10.0)
    assert (far.low, far.high) == (-2, 12)
    assert [far.share(each) for each in (0, 1e-30, 1e300, math.inf, math.nan)] == [0, 0, 1, 1, 1]
    assert far.share(1e5) == 0.5


def test_the_small_curve_stands_on_the_common_axis():
    axis = ratio_curves.Axis(0, 4)
    small = ratio_curves.small(curve([1, 100, math.nan], (1, 3, 5)), axis, 10.0)
    assert small.line == "M6 41L79 23L152 5"
    assert small.dots == ((6.0, 41.0), (79.0, 23.0))
    assert small.beyond == ((152.0, 5.0),)
    assert small.edge == 32.0  # a quarter up
    one = ratio_curves.small(curve([10], (7,)), axis, 10.0)
    assert (one.line, one.dots) == ("M6 32", ((6.0, 32.0),))
    assert ratio_curves.small(curve([]), axis, 10.0).line == ""


def test_a_long_curve_is_thinned_and_keeps_its_peak():
    ratios = [1.0] * 5000
    ratios[3217] = 1e4
    small = ratio_curves.small(curve(ratios), ratio_curves.Axis(0, 4), 10.0)
    points = small.line[1:].split("L")
    assert 50 <= len(points) <= ratio_curves.POINTS
    assert min(float(each.split()[1]) for each in points) == 5.0
    assert small.dots == ()


def drawn(curves, limit=10.0):
    axes = Figure().subplots()
    ratio_curves.draw_ratios(axes, curves, ratio_curves.axis(curves, limit), limit)
    return axes, {line.get_label(): line for line in axes.lines}


def test_what_matches_is_one_band_and_what_differs_has_lines():
    inside = [curve([0.5, 2]), curve([0.2, 4])]
    outside = [curve([1, 50], passed=False), curve([1, math.inf], passed=False)]
    axes, lines = drawn([curve([1, 1], kind="loss"), *inside, *outside])
    (band,) = axes.collections
    assert band.get_label() == "2 that match: least to largest"
    heights = {(x, round(float(y), 6)) for x, y in band.get_paths()[0].vertices}
    assert heights == {(1, 0.2), (1, 0.5), (2, 2.0), (2, 4.0)}
    np.testing.assert_allclose(lines["2 that differ"].get_ydata(), [1, 50])
    assert len(axes.lines) == 5  # the band's edge, two that differ, the loss, the limit
    assert axes.lines[2].get_ydata()[1] == pytest.approx(100)  # the upper edge stands for infinity
    assert list(lines["limit 10"].get_ydata()) == [10, 10]
    assert list(lines["loss"].get_ydata()) == [1, 1]
    assert axes.get_yscale() == "log"


def test_of_many_that_differ_the_worst_are_drawn():
    outside = [curve([1, 20 + k], passed=False) for k in range(40)]
    axes, lines = drawn(outside)
    assert len(axes.lines) == ratio_curves.LINES + 1
    assert "the worst 12 of 40 that differ" in lines
    assert min(line.get_ydata()[1] for line in axes.lines[:12]) == pytest.approx(48)


def test_a_loss_that_is_no_number_is_left_out(make):
    made = make.match()
    made["training"]["losses"]["keras"] = [2.0, "nan", 1e300]
    axes = Figure().subplots()
    ratio_curves.draw_losses(axes, made)
    tf1, keras = axes.lines
    assert list(tf1.get_xdata()) == [1, 5, 10]
    assert list(tf1.get_ydata()) == [2.3, 2.2, 2.0]
    np.testing.assert_array_equal(keras.get_ydata(), [2.0, np.nan, np.nan])
