"""Figures of the check's document: the three loss curves, and the drift over the steps."""

import hashlib
import io
import os
import re
import warnings
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tf_recipes._support import files
from tf_recipes.parity.comparison import LIMIT
from tf_recipes.parity.trace import reference

# Okabe and Ito's palette, told apart by colour-blind readers too.
COLOURS = {"tf1": "#000000", "exact": "#0072B2", "textbook": "#D55E00"}
STYLES = {"exact": "-", "textbook": "--"}
# Where both drift alike, the textbook's hollow marks are seen around the exact port's.
MARKS = {
    "exact": {"marker": "o", "ms": 5, "zorder": 2.5},
    "textbook": {"marker": "s", "ms": 8, "mfc": "none", "zorder": 2.2},
}
# Drawn instead of 0 and of infinity, which a logarithmic axis has no place for.
FLOOR, CEILING = 1e-17, 1e17
LARGEST = 1e100  # a loss that is drawn; Matplotlib cannot scale an axis up to the largest float64
# What the colours of an SVG are called, so that a page may give them others in the dark.
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


def save(trace, rows, folder):
    """Writes `folder/NAME.png`; returns the path.

    Args:
        trace, rows: one of `document.traces(...)`.
        folder: a directory that is there.
    """
    path = Path(folder) / f"{file_name(trace)}.png"
    with files.replacing(path) as partial, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a box stands for it
        FigureCanvasAgg(figure(trace, rows)).print_png(str(partial))
    return path


def file_name(trace):
    """The recipe's name; where two traces bear it, or it is cut, its file's name is added.

    Files may share a name in different folders, hence the digits. All of it stays far below the
    255 bytes that a file's name may have.
    """
    recipe, source = trace["recipe"], trace["source"]
    short = files.cut(recipe, 80)
    if trace["name"] == short:
        return recipe
    digits = hashlib.sha256(os.fsencode(f"{recipe}/{source}")).hexdigest()[:8]
    stem = files.cut(re.sub(r"[^\w.+-]+", "_", Path(source).stem), 80)
    return f"{short}@{stem}-{digits}"


def figure(trace, rows):
    """Losses on the left, drift against TF1's own sensitivity on the right."""
    view = Figure(figsize=(11, 4.2), layout="constrained")
    title = f"{files.cut(trace['name'], 120)}: {files.cut(trace['why'], 120)}"
    view.suptitle(title, fontsize=11, parse_math=False)
    losses, drifts = view.subplots(1, 2)
    draw_losses(losses, trace, rows)
    draw_drifts(drifts, trace, rows)
    return view


def panel(draw, trace, rows):
    """One of the two by itself: `draw` is `draw_losses` or `draw_drifts`."""
    view = Figure(figsize=(5.4, 3.9), layout="constrained")
    draw(view.subplots(), trace, rows)
    return view


def svg(view, salt, theme=""):
    """The figure as the text of an SVG element, its colours by name: `var(--ink, #000000)`.

    Args:
        view: a `Figure`.
        salt: a text of its own for each figure of a page, for the ids inside.
        theme: CSS for a file that stands by itself, such as `THEME`; "" inside a page that has it.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        view.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    # What is black has no `fill` in Matplotlib's SVG, so it would stay black in the dark.
    text = text[text.index("<svg") :].replace("<svg", '<svg style="fill: #000000"', 1)
    # The first group is the figure's; a <metadata> element before it says nothing that is needed.
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, role in _ROLES.items():
        text = re.sub(rf"(?<=[:\s]){colour}\b", f"var(--{role}, {colour})", text)
    return text.replace("<defs>", f"<style>{theme}</style>\n <defs>", 1) if theme else text


def draw_losses(axes, trace, rows):
    """TF1's losses (steps,) and each port's."""
    losses = _losses(trace)
    own = {"lw": 4, "alpha": 0.25, "label": reference(trace.get("provenance", {}))}
    _draw_loss(axes, losses, color=COLOURS["tf1"], **own)
    ports = {port: _losses(row) for port, row in rows.items()}
    bottom, top = _span(losses, ports.values())
    for port, values in ports.items():
        # Far beyond the axis, still a number that Matplotlib can scale.
        shown = np.where(np.isinf(values), values, np.clip(values, *_widened(bottom, top, 1000)))
        style = {"color": COLOURS[port], "linestyle": STYLES[port], "lw": 1.2}
        _draw_loss(axes, shown, label=f"Keras 3, {port}", **style)
    axes.set_ylim(*_widened(bottom, top, 0.05))
    axes.yaxis.set_major_formatter("{x:.10g}")  # no power of ten above the axis, over the legend
    axes.set(xlabel="training step", ylabel="loss (nats)", title="Training loss")
    axes.legend()
    axes.grid(alpha=0.25)


def _losses(row):
    values = _numbers(row["losses"])
    return np.where(np.isinf(values), values, np.clip(values, -LARGEST, LARGEST))


def _draw_loss(axes, values, **style):
    """A curve, and a mark for each point that no line leads to or from."""
    steps, there = np.arange(1, len(values) + 1), np.isfinite(values)
    axes.plot(steps, values, **style)
    neighbours = np.pad(there, 1)
    alone = there & ~neighbours[:-2] & ~neighbours[2:]
    if alone.any():
        mark = {"marker": "o", "ls": "none", "color": style["color"], "alpha": style.get("alpha")}
        axes.plot(steps[alone], values[alone], label="_alone", **mark)


def _span(losses, ports):
    """What the axis shows: TF1's losses, and a port's as far as TF1's own span below and above.

    A port that diverges leaves the axis, rather than flattening TF1's curve.
    """
    low, high = losses.min(), losses.max()
    if low == high:
        low, high = low - abs(low) / 2 - 1e-6, high + abs(high) / 2 + 1e-6
    bottom, top = _widened(low, high, 1)
    there = [values[np.isfinite(values)] for values in ports]
    shown = np.concatenate([[low, high], *there]).clip(bottom, top)
    return shown.min(), shown.max()


def _widened(low, high, share):
    return low - share * (high - low), high + share * (high - low)


def draw_drifts(axes, trace, rows):
    """Each port's largest drift over the steps, and the band in which it matches."""
    name = reference(trace.get("provenance", {}))
    short = name.partition(" in ")[0]  # the title has the whole of it, a legend no room
    curves = {port: _curve(row) for port, row in rows.items()}
    steps, _, sensitivity = next(iter(curves.values()))
    bottom = max(FLOOR, 0.05 * sensitivity.min())
    for port, (_, drift, _) in curves.items():
        same = " (the same bits)" if not drift.any() else ""
        axes.plot(
            steps,
            np.clip(drift, 1.5 * bottom, CEILING),  # no drift at all lies at the lower edge
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
    axes.minorticks_off()  # over twenty decades they are a grey field
    axes.legend(fontsize=8)
    axes.grid(alpha=0.25)


def _curve(row):
    """Steps, drifts and sensitivities, each (k,)."""
    keys = ("step", "drift", "sensitivity")
    return [_numbers([point[key] for point in row["curve"]]) for key in keys]


def _numbers(values):
    """As float64; what was no finite number lies beyond every axis, as it does beside TF1."""
    return np.array([np.inf if value is None else value for value in values], np.float64)
