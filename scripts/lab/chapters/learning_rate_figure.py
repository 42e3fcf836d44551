"""Draws the curves of the range test, and the error at the rates that follow from it."""

from lab.chapters import drawing
from lab.chapters.intervals import estimate
from tf_recipes.tools.range_curve import RangeCurve


def draw(findings):
    """Draws `{"learning_rate": Figure}`: the loss over the rate; the error over the epochs."""
    settings = findings.settings
    title = f"Momentum, {settings['seeds']} seeds; bands are 95 % intervals"
    view, (tested, trained) = drawing.new(2, title=title, size=(6.2, 4.6))
    _draw_tests(tested, findings.also["range_tests"])
    for k, (name, rate) in enumerate(settings["rates"].items()):
        style = {"color": drawing.COLOURS[k], "linestyle": drawing.STYLES[k]}
        if name != "high, decaying":
            tested.axvline(rate, label=f"{name}: {rate:.2g}", **style)
        _draw_error(trained, [run for run in findings.runs if run["rate"] == name], **style)
    trained.set_yscale("log")
    for format_ticks in (trained.yaxis.set_major_formatter, trained.yaxis.set_minor_formatter):
        format_ticks("{x:g}")
    drawing.label(tested, "learning rate", "training loss, moving average over batches (nats)")
    drawing.label(trained, "epoch", "error on the validation images (%)")
    return {"learning_rate": view}


def _draw_tests(axes, tests):
    """Draws the smoothed loss of each range test over the rate."""
    highest, lowest = [], []
    for k, test in enumerate(tests):
        curve = RangeCurve(test["smoothing"])
        for rate, loss in zip(test["rates"], test["losses"], strict=True):
            curve.add(rate, loss)
        smoothed = curve.smoothed
        name = None if k else "range test, one line for each seed"
        axes.plot(curve.rates[: len(smoothed)], smoothed, color="0.55", linewidth=0.9, label=name)
        lowest.append(min(smoothed))
        highest.append(curve.limits()[1])  # the losses after divergence are cut off
    margin = 0.1 * (max(highest) - min(lowest))
    axes.set(xscale="log", ylim=(min(lowest) - margin, max(highest)))


def _draw_error(axes, runs, color, linestyle):
    """Draws the mean error over the epochs with a band of its interval."""
    rows = zip(*(run["val_accuracy"] for run in runs), strict=True)
    estimates = [estimate([100 * (1 - accuracy) for accuracy in row]) for row in rows]
    epochs, means = runs[0]["epochs"], [each.mean for each in estimates]
    name = f"{runs[0]['rate']}: {runs[0]['learning_rate']:.2g}"
    axes.plot(epochs, means, label=name, color=color, linestyle=linestyle, linewidth=1.3)
    lows = [each.mean - each.half for each in estimates]
    highs = [each.mean + each.half for each in estimates]
    axes.fill_between(epochs, lows, highs, color=color, alpha=0.15, linewidth=0)
