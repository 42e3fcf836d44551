"""The range test's curves, and the accuracy at the rates that follow from it."""

from lab.chapters import drawing
from lab.chapters.intervals import estimate
from tf_recipes.tools.range_curve import RangeCurve


def draw(findings):
    """`{"learning_rate": Figure}`: the loss over the rate; the error over the epochs."""
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
    highest, lowest = [], []
    for k, test in enumerate(tests):
        curve = RangeCurve(test["smoothing"])
        for rate, loss in zip(test["rates"], test["losses"], strict=True):
            curve.add(rate, loss)
        smoothed = curve.smoothed
        name = None if k else "range test, one line for each seed"
        axes.plot(curve.rates[: len(smoothed)], smoothed, color="0.55", linewidth=0.9, label=name)
        lowest.append(min(smoothed))
        highest.append(curve.limits()[1])  # what diverged must not press the rest flat
    margin = 0.1 * (max(highest) - min(lowest))
    axes.set(xscale="log", ylim=(min(lowest) - margin, max(highest)))


def _draw_error(axes, runs, color, linestyle):
    rows = zip(*(run["val_accuracy"] for run in runs), strict=True)
    found = [estimate([100 * (1 - accuracy) for accuracy in row]) for row in rows]
    epochs, middle = runs[0]["epochs"], [each.mean for each in found]
    name = f"{runs[0]['rate']}: {runs[0]['learning_rate']:.2g}"
    axes.plot(epochs, middle, label=name, color=color, linestyle=linestyle, linewidth=1.3)
    ends = [[each.mean - each.half for each in found], [each.mean + each.half for each in found]]
    axes.fill_between(epochs, *ends, color=color, alpha=0.15, linewidth=0)
