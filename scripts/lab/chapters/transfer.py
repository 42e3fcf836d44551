"""Compares reusing layers trained on the digits 0 to 4 with training from scratch on 5 to 9."""

import numpy as np

from lab.chapters import drawing
from lab.chapters.findings import Claim, Findings
from lab.chapters.intervals import difference, estimate
from lab.chapters.settings import TRANSFER_KINDS as KINDS
from lab.chapters.settings import check_transfer
from lab.chapters.transfer_training import (
    BATCH,
    CLASSES,
    EVERY,
    FROZEN,
    LAYERS,
    MARGIN,
    REUSES,
    SCRATCH,
    UNTRAINED,
    VERY_GOOD,
    Trainer,
    counted_runs,
    digits,
    train_all_ways,
)
from tf_recipes.training.splits import split


def measure(
    data,
    say,
    kinds=KINDS,
    reused=2,
    per_class=100,
    sizes=(10,),
    steps=160,
    learning_rate=0.03,
    batch_norm=True,
    source_epochs=5,
    seeds=5,
):
    """Trains nets on the digits 0 to 4, and then on few images of 5 to 9, in several ways.

    All ways have the same images, batches and number of steps, and the same start of the upper
    layers. From scratch, three rates are tried: a third of, one and three times `learning_rate`.
    With reused layers, three ways are tried: frozen; frozen, then all layers with a tenth of the
    rate; all layers from the start. The rate and the way with the best validation accuracy at the
    end, over all seeds with `per_class` images, count. Speed is the number of steps until the
    validation accuracy is within one percentage point of the accuracy that every way reaches with
    that seed.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line for each seed.
        kinds: kinds of nets with three hidden layers: `"dense"`, `"conv"` or both.
        reused: int from 1 to 3, number of reused hidden layers.
        per_class: int, number of labelled images of each digit.
        sizes: more numbers of labelled images of each digit, for the curve.
        steps: int, steps of 50 images, a multiple of 20. A way that unfreezes does so after half.
        learning_rate: float > 0.
        batch_norm: bool, whether the hidden layers have batch normalization.
        source_epochs: int, epochs on the digits 0 to 4.
        seeds: int, number of seeds; a seed decides the starts, the batches and the labelled images.

    Returns:
        `Findings`.

    Raises:
        ValueError: for a setting that breaks its rule.
    """
    check_transfer(kinds, reused, per_class, sizes, steps, learning_rate, source_epochs, data=data)
    sizes = sorted({*sizes, per_class})
    settings = {"kinds": list(kinds), "reused": reused, "per_class": per_class, "sizes": sizes}
    settings |= {"steps": steps, "learning_rate": learning_rate, "batch_norm": batch_norm}
    settings |= {"source_epochs": source_epochs, "seeds": seeds}
    source, target = ([digits(part, low) for part in split(data, "float32")] for low in (0, 5))
    settings["everything"] = len(target[0][1]) / CLASSES
    runs, summary, claims, also = [], [], [], {}
    for kind in kinds:
        trainer = Trainer(kind, settings, target)
        kind_runs, chosen = train_all_ways(trainer, source, settings, say)
        runs += kind_runs
        summary += _summary(kind, kind_runs, settings)
        claims += _claims(kind, kind_runs, chosen, settings)
        also[kind] = chosen
    return Findings(settings, runs, summary, claims, also)


def draw(findings):
    """Draws `{"transfer": Figure}`: accuracy over the steps and over the number of images."""
    settings = findings.settings
    view, axes = drawing.new(2, len(settings["kinds"]), _title(settings), size=(5.4, 4.0))
    for kind, curves, sizes in zip(settings["kinds"], axes[::2], axes[1::2], strict=True):
        runs = [run for run in findings.runs if run["net"] == kind]
        for k, way in enumerate((SCRATCH, UNTRAINED, *REUSES)):
            style = {"color": drawing.COLOURS[k], "ls": drawing.STYLES[k], "label": way}
            few = counted_runs(runs, way, settings["per_class"])
            points = zip(*(run["test_accuracies"] for run in few), strict=True)
            mean, half = _intervals(points)
            steps, band = EVERY * (1 + np.arange(len(mean))), {"alpha": 0.15, "lw": 0}
            curves.plot(steps, mean, **style)
            curves.fill_between(steps, mean - half, mean + half, color=style["color"], **band)
            counts = sorted({run["per_class"] for run in runs if run["way"] == way})
            mean, half = _intervals(_final(runs, way, count) for count in counts)
            shifted = np.array(counts) * 1.03 ** (k - 2)  # so that no mark hides another
            sizes.errorbar(shifted, mean, yerr=half, marker=drawing.MARKERS[k], capsize=3, **style)
        labels = f"training steps ({BATCH} images each)", "test accuracy, digits 5 to 9 (%)"
        title = f"{kind} net, {settings['per_class']} labelled images per digit"
        drawing.label(curves, *labels, title)
        counts = [*settings["sizes"], settings["everything"]]
        sizes.set_xscale("log")
        sizes.set_xticks(counts, [f"{count:.0f}" for count in counts])
        sizes.set_xticks([], minor=True)
        after = f"{kind} net after {settings['steps']} steps"
        drawing.label(sizes, "labelled images per digit", labels[1], after)
    return {"transfer": view}


def _final(runs, way, size):
    """Returns the final test accuracies of a way with `size` images, in the order of the seeds."""
    return [run["test_accuracy"] for run in counted_runs(runs, way, size)]


def _intervals(values):
    """Returns means and half intervals in percent: two arrays, an entry for each list of shares."""
    estimates = [estimate(100 * np.array(each)) for each in values]
    return np.array([(each.mean, each.half) for each in estimates]).T


def _title(settings):
    """Returns the figure's title."""
    norm = "with" if settings["batch_norm"] else "without"
    layers = f"{settings['reused']} of {LAYERS} hidden layers reused, {norm} batch norm"
    return f"{layers}; mean and 95 % interval of {settings['seeds']} seeds"


def _summary(kind, runs, settings):
    """Returns a row for each way; a size without training has the cell `-`."""
    rows = []
    for way in (SCRATCH, UNTRAINED, *REUSES):
        row = {"net": kind, "way": way}
        for size in (*settings["sizes"], settings["everything"]):
            values = _final(runs, way, size)
            row[f"{size:.0f}_per_digit"] = estimate(values).text("{:.2%}") if values else "-"
        few = counted_runs(runs, way, settings["per_class"])
        steps = [run.get("steps_to_target") for run in few]
        row["steps_to_target"] = "-" if None in steps else estimate(steps).text("{:.0f}")
        rows.append(row)
    return rows


def _claims(kind, runs, chosen, settings):
    """Judges the chapter's claims about transfer by the runs of one kind of net."""
    few, way = settings["per_class"], chosen["way"]
    images = f"{kind} net, {few} images per digit"

    def less(one, other, key, size=few):
        pairs = ((one, few), (other, size))
        return difference(*([run[key] for run in counted_runs(runs, *pair)] for pair in pairs))

    shared = less(FROZEN, UNTRAINED, "test_accuracy")
    steps = less(way, SCRATCH, "steps_to_target")
    gain = less(way, SCRATCH, "test_accuracy")
    rest = less(way, SCRATCH, "test_accuracy", settings["everything"])
    very_good = estimate(_final(runs, SCRATCH, settings["everything"])).mean > VERY_GOOD
    return [
        Claim(
            "the first layers' features can be shared with another task.",
            shared.above_zero,
            f"{images}: test accuracy on reused frozen layers above that on untrained ones "
            f"{shared.text('{:+.2%}')}.",
        ),
        Claim(
            "transfer makes training faster.",
            steps.below_zero,
            f"{images}: steps more than from scratch ({way}) until within {MARGIN:.0%} of the "
            f"validation accuracy that all ways reach {steps.text('{:+.0f}')}.",
        ),
        Claim(
            "transfer does better with few samples.",
            gain.above_zero,
            f"{images}: test accuracy above that from scratch ({way}) {gain.text('{:+.2%}')}.",
        ),
        Claim(
            "transfer needs only few samples for a very good result.",
            very_good and rest.mean - rest.half > -MARGIN,
            f"{images}: test accuracy above that from scratch with all images, "
            f"{settings['everything']:.0f} per digit ({way}) {rest.text('{:+.2%}')}.",
        ),
    ]
