"""The curves of the optimizers, at the same rate and at the best ones."""

import numpy as np

from lab.chapters import drawing
from lab.chapters.optimizer_claims import BEST, SAME, select
from lab.chapters.ratios import geometric


def draw(findings):
    """`{"compare_optimizers": Figure}`: the loss over the steps, both axes logarithmic.

    The lines are geometric means over the seeds, their bands the 95 % interval, as far as all seeds
    got; a mark on the target's line is the mean number of steps to it.
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
    name = f"{runs[0]['optimizer'].replace('_', ' ')}, {runs[0]['learning_rate']:g}"
    steps, found = means(runs)
    colour, middle = drawing.COLOURS[k], [each.mean for each in found]
    axes.plot(steps, middle, label=name, color=colour, linestyle=drawing.STYLES[k], linewidth=1.3)
    lows, highs = [each.low for each in found], [each.high for each in found]
    axes.fill_between(steps, lows, highs, color=colour, alpha=0.15, linewidth=0)
    reached = [run["steps_to_target"] for run in runs if run["steps_to_target"]]
    if len(reached) > 1:
        at = geometric(reached)
        style = {"color": colour, "marker": drawing.MARKERS[k], "markersize": 4, "capsize": 3}
        sides = [[at.mean - at.low], [at.high - at.mean]]
        axes.errorbar([at.mean], [target], xerr=sides, **style)


def means(runs):
    """The steps from 1 that all runs have a finite loss at, and its mean there: `Ratio`s."""
    count = min(int(np.isfinite(run["curve_loss"]).sum()) for run in runs)
    losses = [run["curve_loss"][1:count] for run in runs]
    return runs[0]["curve_steps"][1:count], [
        geometric(column) for column in zip(*losses, strict=True)
    ]
