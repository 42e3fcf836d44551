"""Draws the figure of a run: speed by net and batch, growth, and the time to the first step."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from lab.benchmark import summary
from lab.benchmark.registry import CONTESTANTS
from tf_recipes._support import files

# The palette of Okabe and Ito, for colour-blind readers.
COLOURS = {
    "tf1": "#000000",
    "compat_v1": "#999999",
    "keras": "#D55E00",
    "tf_recipes": "#0072B2",
    "tf_recipes_kernels": "#6FA8DC",
    "keras_jax": "#8B4513",
    "tf_recipes_jax": "#332288",
    "keras_torch": "#F0C27B",
    "keras_torch_resident": "#B8860B",
    "keras_torch_compiled": "#6B4E00",
    "pytorch": "#E69F00",
    "jax_step": "#56B4E9",
    "jax_scan": "#009E73",
    "matmul": "#CC79A7",
}
AXES = {
    "layers": "hidden layers of 100 units",
    "batch": "images per batch",
    "samples": "images per epoch",
}


def save(results, path):
    """Writes the figure as a PNG, whole or not at all."""
    with files.replacing(path) as partial:
        FigureCanvasAgg(draw(results)).print_png(str(partial))


def draw(results):
    """Draws a `Figure`: speed in the first row; growth and the time to the first step below."""
    nets = list(dict.fromkeys(net for net, _ in results.speed))
    below = list(dict.fromkeys(each.over for each in results.growth))
    below += ["startup"] * bool(results.startup)
    columns = max(len(nets), len(below), 1)
    rows = bool(nets) + bool(below) or 1
    view = Figure(figsize=(5.2 * columns, 4.4 * rows), layout="constrained", dpi=120)
    grid = view.add_gridspec(rows, 1)
    for row, parts in enumerate(filter(None, (nets, below))):
        inner = grid[row].subgridspec(1, len(parts))
        for column, part in enumerate(parts):
            axes = view.add_subplot(inner[column])
            if parts is nets:
                _speed(axes, part, results.speed)
            elif part == "startup":
                _startup(axes, results.startup)
            else:
                _growth(axes, part, results.growth)
    view.suptitle("Medians, and the slowest and the fastest of the repeats", fontsize=9)
    return view


def _speed(axes, net, speed):
    """Draws the steps per second of every contestant by batch size, for one net."""
    batches = [batch for each, batch in speed if each == net]
    names = list(dict.fromkeys(name for each in speed.values() for name in each))
    width = 0.85 / len(names)
    for k, name in enumerate(names):
        for place, batch in enumerate(batches):
            timing = speed[net, batch].get(name)
            if timing is None or timing.failed:
                continue
            x = place + (k - (len(names) - 1) / 2) * width
            label = CONTESTANTS[name].label if place == 0 else None
            _bar(axes, x, timing.rates, width, COLOURS[name], label)
    axes.set_xticks(range(len(batches)), [str(batch) for batch in batches])
    axes.set(title=net, xlabel="images per batch", ylabel="training steps per second")
    axes.set_yscale("log")
    axes.grid(alpha=0.3, axis="y", which="both")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))


def _bar(axes, x, values, width, colour, label=None):
    """Draws a bar of the median with whiskers to the minimum and the maximum."""
    median, errors = _whiskers(values)
    axes.bar(x, median, width, color=colour, label=label, yerr=errors, ecolor="0.35", capsize=2)


def _whiskers(values):
    """Returns the median, and its distances to the minimum and the maximum: (2, 1)."""
    spread = summary.spread(values)
    below, above = spread["median"] - spread["min"], spread["max"] - spread["median"]
    return spread["median"], np.array([[below], [above]])


def _growth(axes, over, series):
    """Draws the times of every contestant over one growing size."""
    for each in series:
        if each.over != over:
            continue
        whiskers = [_whiskers([1e3 * value for value in values]) for values in each.seconds]
        label, fitted = CONTESTANTS[each.contestant].label, each.fitted()
        if fitted:
            label += f", exponent {fitted['exponent']:.2f}"
        axes.errorbar(
            each.sizes,
            [median for median, _ in whiskers],
            yerr=np.hstack([errors for _, errors in whiskers]),
            color=COLOURS[each.contestant],
            marker="o",
            markersize=4,
            capsize=2,
            label=label,
        )
        axes.set_ylabel(f"milliseconds per {each.unit}")
    axes.set(xlabel=AXES[over], title=f"Growth with {over}", xscale="log", yscale="log")
    sizes = sorted({size for each in series if each.over == over for size in each.sizes})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=7)


def _startup(axes, seconds):
    """Draws the time to the first step of every contestant."""
    for place, (name, values) in enumerate(seconds.items()):
        _bar(axes, place, values, 0.7, COLOURS[name])
    axes.set_xticks(range(len(seconds)), list(seconds), rotation=30)
    axes.set(title="From the command to the end of the first step", ylabel="seconds")
    axes.grid(alpha=0.3, axis="y")
