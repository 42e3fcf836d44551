"""One figure per recipe: the three loss curves, and the drift over the steps."""

import hashlib
import os
import re
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tf_recipes import files
from tf_recipes.parity.comparison import LIMIT

# Okabe and Ito's palette, told apart by colour-blind readers too.
COLOURS = {"tf1": "#000000", "exact": "#0072B2", "textbook": "#D55E00"}
# Drawn instead of 0 and of infinity, which a logarithmic axis has no place for.
FLOOR, CEILING = 1e-17, 1e17


def save(result, folder):
    """Writes `folder/NAME.png` for a judged `Result`; returns the path."""
    path = Path(folder) / f"{file_name(result)}.png"
    with files.replacing(path) as partial:
        FigureCanvasAgg(figure(result)).print_png(str(partial))
    return path


def file_name(result):
    """The recipe's name; where two traces bear it, their files' names are added.

    Files may share a name in different folders, hence the digits.
    """
    recipe = result.trace.recipe.name
    if result.name == recipe:
        return recipe
    source = str(result.trace.source)
    digits = hashlib.sha256(os.fsencode(source)).hexdigest()[:8]
    stem = re.sub(r"[^\w.+-]+", "_", Path(source).stem)[:80]
    return f"{recipe}@{stem}-{digits}"


def figure(result):
    """Losses on the left, drift against TF1's own sensitivity on the right."""
    view = Figure(figsize=(11, 4.2), layout="constrained")
    view.suptitle(f"{result.name}: {result.why}", fontsize=11, parse_math=False)
    losses, drifts = view.subplots(1, 2)
    _draw_losses(losses, result)
    _draw_drifts(drifts, result)
    return view


def _draw_losses(axes, result):
    steps = np.arange(1, result.trace.recipe.steps + 1)
    axes.plot(steps, result.trace.losses, color=COLOURS["tf1"], lw=4, alpha=0.25, label="TF 1.15")
    styles = {"exact": "-", "textbook": "--"}
    for compared in result.comparisons:
        axes.plot(
            steps,
            compared.losses,
            color=COLOURS[compared.port],
            linestyle=styles[compared.port],
            lw=1.2,
            label=f"Keras 3, {compared.port}",
        )
    axes.set(xlabel="training step", ylabel="loss (nats)", title="Training loss")
    axes.legend()
    axes.grid(alpha=0.25)


def _draw_drifts(axes, result):
    markers = {"exact": "o", "textbook": "s"}
    curves = {each.port: np.array(each.by_step()) for each in result.comparisons}
    sensitivity = next(iter(curves.values()))[:, [0, 2]]
    bottom = max(FLOOR, 0.05 * sensitivity[:, 1].min())
    for port, rows in curves.items():
        same = " (the same bits)" if not rows[:, 1].any() else ""
        axes.plot(
            rows[:, 0],
            np.clip(rows[:, 1], 1.5 * bottom, CEILING),  # no drift at all lies at the lower edge
            color=COLOURS[port],
            marker=markers[port],
            label=f"Keras 3, {port}{same}",
        )
    axes.plot(*sensitivity.T, color=COLOURS["tf1"], lw=1, label="TF 1.15 one ulp away")
    axes.fill_between(
        sensitivity[:, 0],
        FLOOR,
        LIMIT * sensitivity[:, 1],
        color=COLOURS["tf1"],
        alpha=0.1,
        label=f"match: up to {LIMIT:g} times that",
    )
    axes.set_yscale("log")
    axes.set_ylim(bottom=bottom)
    axes.set(
        xlabel="training step",
        ylabel="largest relative drift of a variable",
        title="Drift from TF 1.15",
    )
    axes.legend(fontsize=8)
    axes.grid(alpha=0.25, which="both")
