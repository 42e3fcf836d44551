"""Draws the curves of the optimizers, at equal rates and at the best rates."""

import numpy as np

from lab.chapters import drawing
from lab.chapters.optimizer_claims import BEST, SAME, select
from lab.chapters.ratios import geometric


def draw(findings):
    """Draws `{"compare_optimizers": Figure}`: the loss over the steps, both axes logarithmic.

    The lines are geometric means over the seeds, and the bands their 95 % intervals, up to the last
    step that all seeds reached. A mark on the target's line is the mean number of steps to the
    target.
    """
    settings, runs = findings.settings, findings.runs
    title = f"{settings['seeds']} seeds, the same starts and batches; bands are 95 % intervals"
    view, axes = drawing.new(2, title=title, size=(6.2, 4.6))
    lowest, target = min(settings["rates"]), settings["target_loss"]
    for place, group, rate in ((0, SAME, lowest), (1, BEST, None)):
        for k, name in enumerate(dict.fromkeys(run["optimizer"] for run in runs)):
            _curve(axes[place], select(runs, group, name, rate), k, target)
        axes[place].axhline(target, color="0.4", linewidth=0.8)
        axes[place].set(xscale="log", yscale="log")
    loss = f"loss on {settings['images_of_the_loss']:,} training images (nats)"
    steps = f"step ({settings['batch_size']} images each)"
    drawing.label(axes[0], steps, loss, f"all at the learning rate {lowest:g}")
    drawing.label(axes[1], steps, loss, "each at its own best learning rate")
    return {"compare_optimizers": view}


def _curve(axes, runs, k, target):
    """Draws the curve of one optimizer, its band, and the mark at the target."""
    name = f"{runs[0]['optimizer'].replace('_', ' ')}, {runs[0]['learning_rate']:g}"
    steps, ratios = means(runs)
    colour, middles = drawing.COLOURS[k], [each.mean for each in ratios]
    axes.plot(steps, middles, label=name, color=colour, linestyle=drawing.STYLES[k], linewidth=1.3)
    lows, highs = [each.low for each in ratios], [each.high for each in ratios]
    axes.fill_between(steps, lows, highs, color=colour, alpha=0.15, linewidth=0)
    reached = [run["steps_to_target"] for run in runs if run["steps_to_target"]]
    if len(reached) > 1:
        mark = geometric(reached)
        style = {"color": colour, "marker": drawing.MARKERS[k], "markersize": 4, "capsize": 3}
        sides = [[mark.mean - mark.low], [mark.high - mark.mean]]
        axes.errorbar([mark.mean], [target], xerr=sides, **style)


def means(runs):
    """Returns the steps from 1 at which all runs have a finite loss, and the mean `Ratio`s."""
    count = min(int(np.isfinite(run["curve_loss"]).sum()) for run in runs)
    losses = [run["curve_loss"][1:count] for run in runs]
    return runs[0]["curve_steps"][1:count], [
        geometric(column) for column in zip(*losses, strict=True)
    ]
