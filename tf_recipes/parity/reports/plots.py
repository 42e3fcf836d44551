"""Draws the check's results: losses of TF1 and both ports, and drifts over the steps."""

import hashlib
import io
import os
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tf_recipes._support import files
from tf_recipes.parity.comparison import LIMIT
from tf_recipes.parity.trace import reference

Row = Mapping[str, Any]  # of the check's results
Rows = Mapping[str, Row]  # by port

# Okabe and Ito's palette, whose colours colour-blind readers tell apart too.
COLOURS = {"tf1": "#000000", "exact": "#0072B2", "textbook": "#D55E00"}
STYLES = {"exact": "-", "textbook": "--"}
# Where both ports drift alike, the textbook's hollow marks surround the exact port's.
MARKS: dict[str, dict[str, Any]] = {
    "exact": {"marker": "o", "ms": 5, "zorder": 2.5},
    "textbook": {"marker": "s", "ms": 8, "mfc": "none", "zorder": 2.2},
}
# Drawn instead of 0 and of infinity, which a logarithmic axis cannot show.
FLOOR, CEILING = 1e-17, 1e17
LARGEST = 1e100  # a loss that is drawn; Matplotlib cannot scale an axis up to the largest float64
# Names for the colours of an SVG, so that a page can replace them in its dark theme.
_ROLES = {
    "#000000": "ink",
    "#ffffff": "paper",
    "#b0b0b0": "grid",
    "#cccccc": "grid",
    "#0072b2": "exact",
    "#d55e00": "textbook",
}
THEME = (
    ":root{--ink:#000;--paper:#fff;--grid:#b0b0b0;--exact:#0072b2;--textbook:#d55e00}"
    "@media(prefers-color-scheme:dark){:root"
    "{--ink:#e8e8e8;--paper:#16181d;--grid:#555;--exact:#56b4e9;--textbook:#f0883e}}"
    "text{fill:var(--ink)}"
)


def save(trace: Row, rows: Rows, folder: str | os.PathLike[str]) -> Path:
    """Writes `folder/NAME.png`, and returns the path.

    Args:
        trace, rows: one of `document.traces(...)`.
        folder: a directory that exists.

    Raises:
        OSError: if the file cannot be written.
    """
    path = Path(folder) / f"{file_name(trace)}.png"
    with files.replacing(path) as partial, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a box replaces the glyph
        FigureCanvasAgg(figure(trace, rows)).print_png(str(partial))
    return path


def file_name(trace: Row) -> str:
    """Returns the recipe's name, to name a figure's file after.

    Where two traces have one name, or the name is cut, the trace file's name is added, and digits,
    since files in different folders may share a name. The result stays far below the 255 bytes
    that a file's name may have.
    """
    recipe, source = trace["recipe"], trace["source"]
    short = files.cut(recipe, 80)
    if trace["name"] == short:
        return recipe
    digits = hashlib.sha256(os.fsencode(f"{recipe}/{source}")).hexdigest()[:8]
    stem = files.cut(re.sub(r"[^\w.+-]+", "_", Path(source).stem), 80)
    return f"{short}@{stem}-{digits}"


def figure(trace: Row, rows: Rows) -> Figure:
    """Draws the losses on the left, and the drifts with TF1's own sensitivity on the right."""
    view = Figure(figsize=(11, 4.2), layout="constrained")
    title = f"{files.cut(trace['name'], 120)}: {files.cut(trace['why'], 120)}"
    view.suptitle(title, fontsize=11, parse_math=False)
    losses, drifts = view.subplots(1, 2)
    draw_losses(losses, trace, rows)
    draw_drifts(drifts, trace, rows)
    return view


def panel(draw: Callable[[Axes, Row, Rows], None], trace: Row, rows: Rows) -> Figure:
    """Draws the losses or the drifts alone: `draw` is `draw_losses` or `draw_drifts`."""
    view = Figure(figsize=(5.4, 3.9), layout="constrained")
    draw(view.subplots(), trace, rows)
    return view


def svg(view: Figure, salt: str, theme: str = "") -> str:
    """Returns the figure as the text of an SVG element with named colours: `var(--ink, #000000)`.

    Args:
        view: a `Figure`.
        salt: a text that differs for each figure of a page, and makes the ids inside unique.
        theme: CSS for the SVG in a file of its own, such as `THEME`; "" inside a page that has the
            theme already.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        view.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    # Matplotlib writes no `fill` for black, so black would stay black in a dark theme.
    text = text[text.index("<svg") :].replace("<svg", '<svg style="fill: #000000"', 1)
    # The <metadata> element is not needed.
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, role in _ROLES.items():
        text = re.sub(rf"(?<=[:\s]){colour}\b", f"var(--{role}, {colour})", text)
    return text.replace("<defs>", f"<style>{theme}</style>\n <defs>", 1) if theme else text


def draw_losses(axes: Axes, trace: Row, rows: Rows) -> None:
    """Draws TF1's loss of each step, and each port's."""
    losses = _losses(trace)
    label = reference(trace.get("provenance", {}))
    _draw_loss(axes, losses, label, COLOURS["tf1"], lw=4, alpha=0.25)
    ports = {port: _losses(row) for port, row in rows.items()}
    bottom, top = _span(losses, ports.values())
    for port, values in ports.items():
        # The limits are far beyond the axis, and still numbers that Matplotlib can scale.
        shown = np.where(np.isinf(values), values, np.clip(values, *_widened(bottom, top, 1000)))
        label = f"Keras 3, {port}"
        _draw_loss(axes, shown, label, COLOURS[port], linestyle=STYLES[port], lw=1.2)
    axes.set_ylim(*_widened(bottom, top, 0.05))
    axes.yaxis.set_major_formatter("{x:.10g}")  # no power of ten above the axis, over the legend
    axes.set(xlabel="training step", ylabel="loss (nats)", title="Training loss")
    axes.legend()
    axes.grid(alpha=0.25)


def _losses(row: Row) -> NDArray[np.float64]:
    values = _numbers(row["losses"])
    return np.where(np.isinf(values), values, np.clip(values, -LARGEST, LARGEST))


def _draw_loss(
    axes: Axes,
    values: NDArray[np.float64],
    label: str,
    color: str,
    lw: float,
    linestyle: str = "-",
    alpha: float | None = None,
) -> None:
    """Draws a curve, and a mark for each finite point between two that are not finite."""
    steps, finite = np.arange(1, len(values) + 1), np.isfinite(values)
    axes.plot(steps, values, label=label, color=color, lw=lw, linestyle=linestyle, alpha=alpha)
    padded = np.pad(finite, 1)
    isolated = finite & ~padded[:-2] & ~padded[2:]
    if isolated.any():
        points = steps[isolated], values[isolated]
        axes.plot(*points, label="_isolated", marker="o", ls="none", color=color, alpha=alpha)


def _span(losses: NDArray[np.float64], ports: Iterable[NDArray[np.float64]]) -> tuple[float, float]:
    """Returns the ends of the axis: TF1's losses, and the ports' up to TF1's span away from them.

    A port that diverges leaves the axis, and does not flatten TF1's curve.
    """
    low, high = losses.min(), losses.max()
    if low == high:
        low, high = low - abs(low) / 2 - 1e-6, high + abs(high) / 2 + 1e-6
    bottom, top = _widened(low, high, 1)
    finite = [values[np.isfinite(values)] for values in ports]
    shown = np.concatenate([[low, high], *finite]).clip(bottom, top)
    return shown.min(), shown.max()


def _widened(low: float, high: float, share: float) -> tuple[float, float]:
    """Returns the ends of an interval, moved outwards by a share of its length."""
    return low - share * (high - low), high + share * (high - low)


def draw_drifts(axes: Axes, trace: Row, rows: Rows) -> None:
    """Draws each port's largest drift over the steps, and the band in which a port matches."""
    name = reference(trace.get("provenance", {}))
    short = name.partition(" in ")[0]  # a legend has no room for the name that the title has
    curves = {port: _curve(row) for port, row in rows.items()}
    steps, _, sensitivity = next(iter(curves.values()))
    bottom = max(FLOOR, 0.05 * sensitivity.min())
    for port, (_, drift, _) in curves.items():
        same = " (the same bits)" if not drift.any() else ""
        axes.plot(
            steps,
            np.clip(drift, 1.5 * bottom, CEILING),  # a drift of 0 lies at the lower edge
            color=COLOURS[port],
            linestyle=STYLES[port],
            label=f"Keras 3, {port}{same}",
            **MARKS[port],
        )
    axes.plot(steps, sensitivity, color=COLOURS["tf1"], lw=1, label=f"{short} one ulp away")
    axes.fill_between(
        steps,
        FLOOR,
        LIMIT * sensitivity,
        color=COLOURS["tf1"],
        alpha=0.1,
        label=f"match: up to {LIMIT:g} times that",
    )
    axes.set_yscale("log")
    axes.set_ylim(bottom=bottom)
    axes.set(
        xlabel="training step",
        ylabel="largest relative drift of a variable",
        title=f"Drift from {name}",
    )
    axes.minorticks_off()  # over twenty decades, minor ticks merge into a grey area
    axes.legend(fontsize=8)
    axes.grid(alpha=0.25)


def _curve(row: Row) -> list[NDArray[np.float64]]:
    """Returns the steps, drifts and sensitivities of a port's curve, each (k,)."""
    keys = ("step", "drift", "sensitivity")
    return [_numbers([point[key] for point in row["curve"]]) for key in keys]


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Returns the values as float64; null, which stands for NaN and infinity, becomes infinity."""
    return np.array([np.inf if value is None else value for value in values], np.float64)
