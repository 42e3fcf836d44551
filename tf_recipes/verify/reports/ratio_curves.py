"""Draws ratios and losses over the training steps: a figure of all, and a small curve for each."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tf_recipes.parity.reports import plots
from tf_recipes.verify.reports import document_schema, report_rows
from tf_recipes.verify.reports.report_rows import LOSS, Curve

# The lowest and the highest power of ten of an axis; a ratio beyond them is drawn at the edge.
LOWEST, HIGHEST = -2, 12
LEFT, RIGHT, TOP, BOTTOM = 6.0, 152.0, 5.0, 41.0  # edges of a small curve's axes
DOTS = 12  # steps of a small curve; with more, the dots would touch
POINTS = 100  # of a small curve
LINES = 12  # curves that leave TF1 in the figure of all; more would hide one another
COLOURS = {"tf1": plots.COLOURS["tf1"], "port": plots.COLOURS["exact"]}
OUTSIDE = plots.COLOURS["textbook"]


@dataclasses.dataclass(frozen=True)
class Axis:
    """Holds a logarithmic axis of ratios that all curves of a page share, as powers of ten."""

    low: int
    high: int

    def share(self, ratio: float) -> float:
        """Returns how far up the axis a ratio is, from 0 to 1; NaN is at the upper edge."""
        if math.isnan(ratio) or ratio == math.inf:
            return 1.0
        exponent = math.log10(ratio) if ratio > 0 else self.low
        return min(max((exponent - self.low) / (self.high - self.low), 0.0), 1.0)


def axis(curves: Sequence[Curve], limit: float) -> Axis:
    """Returns the axis for curves: every finite ratio, from 0.01 to 1e12, and the limit."""
    ratios = [ratio for curve in curves for ratio in curve.ratios if 0 < ratio < math.inf]
    exponents = [math.log10(ratio) for ratio in (*ratios, limit)]
    low = max(math.floor(min(exponents)), LOWEST)
    high = min(math.ceil(max(exponents) + 0.01), HIGHEST)
    return Axis(min(low, -1), max(high, 2))


@dataclasses.dataclass(frozen=True)
class Small:
    """Holds the geometry of a variable's small curve, in the units of its `viewBox`.

    `line` is the path of the curve, `dots` its points where they are few, `beyond` the points that
    are not finite, and `edge` the height of the limit.
    """

    line: str
    dots: tuple[tuple[float, float], ...]
    beyond: tuple[tuple[float, float], ...]
    edge: float


def small(curve: Curve, common: Axis, limit: float) -> Small:
    """Returns the geometry of the small curve of a variable or of the losses."""
    first, last = (curve.steps[0], curve.steps[-1]) if curve.steps else (0, 0)
    points = [
        (
            round(LEFT + (RIGHT - LEFT) * ((step - first) / max(last - first, 1)), 1),
            _height(common.share(ratio)),
        )
        for step, ratio in zip(curve.steps, curve.ratios, strict=True)
    ]
    finite = [math.isfinite(ratio) for ratio in curve.ratios]
    shown = _spread(curve.ratios) if len(points) > POINTS else range(len(points))
    line = "L".join(f"{points[k][0]:g} {points[k][1]:g}" for k in shown)
    few = len(points) <= DOTS
    return Small(
        line=f"M{line}" if line else "",
        dots=tuple(points[k] for k in shown if few and finite[k]),
        beyond=tuple(points[k] for k in shown if not finite[k])[:DOTS],
        edge=_height(common.share(limit)),
    )


def _height(share: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * share, 1)


def _spread(ratios: Sequence[float]) -> list[int]:
    """Returns the indices of at most `POINTS` points: the least and greatest of each stretch."""
    severe = np.array([report_rows.severity(ratio) for ratio in ratios])
    stretches = np.array_split(np.arange(len(severe)), POINTS // 2)
    return sorted({int(part[pick(severe[part])]) for part in stretches for pick in _ENDS})


_ENDS = (np.argmin, np.argmax)


def draw_losses(axes: Axes, results: Mapping[str, Any]) -> None:
    """Draws the losses of TF1 and of the port; one that is not finite is left out."""
    steps = document_schema.loss_steps(results)
    losses = results["training"]["losses"]
    tf1, keras = _drawable(losses["tf1"]), _drawable(losses["keras"])
    axes.plot(steps, tf1, label="TF1", color=COLOURS["tf1"], lw=4, alpha=0.5)
    axes.plot(
        steps, keras, label="Keras 3", color=COLOURS["port"], lw=1.2, marker=_marker(steps), ms=4
    )
    axes.yaxis.set_major_formatter("{x:.6g}")
    axes.set(xlabel="training step", ylabel="loss")
    _whole_steps(axes)
    axes.grid(alpha=0.25)


def _drawable(values: Sequence[float | str]) -> NDArray[np.float64]:
    """Returns the losses; one that is not finite, or too large for an axis, becomes NaN."""
    found = np.array([report_rows.value(each) for each in values], np.float64)
    return np.where(np.abs(found) < plots.LARGEST, found, np.nan)


def draw_ratios(axes: Axes, curves: Sequence[Curve], common: Axis, limit: float) -> None:
    """Draws what stays inside the limit as one band, and the worst of what leaves TF1 as lines."""
    variables = [curve for curve in curves if curve.kind != LOSS and curve.ratios]
    inside = [curve for curve in variables if curve.passed]
    if inside:
        steps = inside[0].steps
        heights = np.array([_on_axis(curve, common) for curve in inside])
        low, high = heights.min(axis=0), heights.max(axis=0)
        label = f"{len(inside)} that match: least to largest"
        axes.fill_between(steps, low, high, color=COLOURS["port"], alpha=0.25, lw=0, label=label)
        axes.plot(steps, high, color=COLOURS["port"], lw=1, marker=_marker(steps), ms=4)
    outside = [curve for curve in variables if not curve.passed]
    keys = [report_rows.urgency(curve.passed, curve.worst_ratio) for curve in outside]
    for count, k in enumerate(report_rows.kept(keys, LINES)):
        said = f"{len(outside)} that differ"
        if len(outside) > LINES:
            said = f"the worst {LINES} of {len(outside)} that differ"
        axes.plot(
            outside[k].steps,
            _on_axis(outside[k], common),
            color=OUTSIDE,
            ls="--",
            lw=1.2,
            marker="s" if _marker(outside[k].steps) else "",
            ms=5,
            mfc="none",
            label="" if count else said,
        )
    for curve in curves:
        if curve.kind == LOSS and curve.ratios:
            axes.plot(
                curve.steps, _on_axis(curve, common), color=COLOURS["tf1"], lw=1, label="loss"
            )
    axes.axhline(limit, color=COLOURS["tf1"], lw=0.8, ls=":", label=f"limit {limit:g}")
    axes.set_yscale("log")
    axes.set_ylim(10.0**common.low / 1.3, 10.0**common.high * 1.3)
    axes.set(xlabel="training step", ylabel="ratio: drift over TF1's own")
    axes.minorticks_off()
    _whole_steps(axes)
    axes.grid(alpha=0.25)


def _on_axis(curve: Curve, common: Axis) -> NDArray[np.float64]:
    """Returns the ratios as they are drawn: those beyond the axis are at its edge."""
    shares = np.array([common.share(ratio) for ratio in curve.ratios])
    return 10.0 ** (common.low + (common.high - common.low) * shares)


def _marker(steps: Sequence[int]) -> str:
    return "o" if len(steps) <= DOTS else ""


def _whole_steps(axes: Axes) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
