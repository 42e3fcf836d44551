"""Layers that learned the digits 0 to 4, reused for 5 to 9 with few labelled images."""

import numpy as np

from lab.chapters import drawing
from lab.chapters.findings import Claim, Findings
from lab.chapters.intervals import difference, estimate
from lab.chapters.transfer_training import (
    BATCH,
    CLASSES,
    EVERY,
    FROZEN,
    KINDS,
    LAYERS,
    MARGIN,
    REUSES,
    SCRATCH,
    UNTRAINED,
    VERY_GOOD,
    Trainer,
    digits,
    of,
    trained,
)
from tf_recipes._support import validation
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

    All ways have the same images, batches and number of steps, and upper layers that start alike.
    From scratch there is a choice of three rates, a third, one and three times `learning_rate`, and
    with reused layers of three ways: frozen; frozen, then all with a tenth of the rate; all from
    the start. The one with the best validation accuracy, over all points and seeds with
    `per_class` images, counts. Speed is counted in steps, until the validation accuracy is within a
    point of what every way reaches with that seed.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line for each seed.
        kinds: of nets with three hidden layers: `"dense"`, `"conv"` or both.
        reused: int from 1 to 3, hidden layers.
        per_class: int, labelled images of each digit.
        sizes: other such numbers, for the curve over them.
        steps: int, a multiple of 20: of 50 images, half of them before all layers train.
        learning_rate: float > 0.
        batch_norm: bool, in the hidden layers.
        source_epochs: int, passes over the digits 0 to 4.
        seeds: int: each gives the starts, the batches and which images are labelled.

    Returns:
        `Findings`.

    Raises:
        ValueError: for settings that cannot be.
    """
    sizes = sorted({*sizes, per_class})
    settings = {"kinds": list(kinds), "reused": reused, "per_class": per_class, "sizes": sizes}
    settings |= {"steps": steps, "learning_rate": learning_rate, "batch_norm": batch_norm}
    settings |= {"source_epochs": source_epochs, "seeds": seeds}
    source, target = ([digits(part, low) for part in split(data, "float32")] for low in (0, 5))
    _check(settings, target[0][1])
    settings["everything"] = len(target[0][1]) / CLASSES
    runs, summary, claims, also = [], [], [], {}
    for kind in kinds:
        mine, chosen = trained(Trainer(kind, settings, target), source, settings, say)
        runs += mine
        summary += _summary(kind, mine, settings)
        claims += _claims(kind, mine, chosen, settings)
        also[kind] = chosen
    return Findings(settings, runs, summary, claims, also)


def draw(findings):
    """`{"transfer": Figure}`: accuracy over the steps and over the images, with the intervals."""
    settings = findings.settings
    view, axes = drawing.new(2, len(settings["kinds"]), _title(settings), size=(5.4, 4.0))
    for kind, curves, sizes in zip(settings["kinds"], axes[::2], axes[1::2], strict=True):
        runs = [run for run in findings.runs if run["net"] == kind]
        for k, way in enumerate((SCRATCH, UNTRAINED, *REUSES)):
            style = {"color": drawing.COLOURS[k], "ls": drawing.STYLES[k], "label": way}
            few = [run["test_accuracies"] for run in of(runs, way, settings["per_class"])]
            mean, half = _intervals(zip(*few, strict=True))
            steps, band = EVERY * (1 + np.arange(len(mean))), {"alpha": 0.15, "lw": 0}
            curves.plot(steps, mean, **style)
            curves.fill_between(steps, mean - half, mean + half, color=style["color"], **band)
            counts = sorted({run["per_class"] for run in runs if run["way"] == way})
            mean, half = _intervals(_final(runs, way, count) for count in counts)
            beside = np.array(counts) * 1.03 ** (k - 2)  # or one hides the other
            sizes.errorbar(beside, mean, yerr=half, marker=drawing.MARKERS[k], capsize=3, **style)
        labels = f"training steps ({BATCH} images each)", "test accuracy, digits 5 to 9 (%)"
        few = f"{kind} net, {settings['per_class']} labelled images per digit"
        drawing.label(curves, *labels, few)
        counts = [*settings["sizes"], settings["everything"]]
        sizes.set_xscale("log")
        sizes.set_xticks(counts, [f"{count:.0f}" for count in counts])
        sizes.set_xticks([], minor=True)
        after = f"{kind} net after {settings['steps']} steps"
        drawing.label(sizes, "labelled images per digit", labels[1], after)
    return {"transfer": view}


def _check(settings, labels):
    most = int(np.bincount(labels, minlength=CLASSES).min())
    for kind in settings["kinds"]:
        validation.choice("kinds", kind, KINDS)
    for field in ("reused", "per_class", "steps", "source_epochs"):
        validation.whole(field, settings[field], 1)
    validation.number("learning_rate", settings["learning_rate"], 0, open_low=True)
    once = 0 < len(settings["kinds"]) == len({*settings["kinds"]})
    for field, rule, ok in (
        ("kinds", "at least one kind, each once", once),
        ("reused", f"at most the {LAYERS} hidden layers", settings["reused"] <= LAYERS),
        ("steps", f"a multiple of {2 * EVERY}", settings["steps"] % (2 * EVERY) == 0),
        ("sizes", f"from 1 to {most}", all(1 <= size <= most for size in settings["sizes"])),
    ):
        if not ok:
            received = f"{field}={settings[field]!r}"
            validation.fail(f"`{field}` must be {rule}.", received, "Choose another.")


def _final(runs, way, size):
    return [run["test_accuracy"] for run in of(runs, way, size)]


def _intervals(values):
    """Means and half intervals in percent: two arrays, with an entry for each list of shares."""
    found = [estimate(100 * np.array(each)) for each in values]
    return np.array([(each.mean, each.half) for each in found]).T


def _title(settings):
    norm = "with" if settings["batch_norm"] else "without"
    layers = f"{settings['reused']} of {LAYERS} hidden layers reused, {norm} batch norm"
    return f"{layers}; mean and 95 % interval of {settings['seeds']} seeds"


def _summary(kind, runs, settings):
    """A row for each way; of the sizes, those that it was trained with."""
    rows = []
    for way in (SCRATCH, UNTRAINED, *REUSES):
        row = {"net": kind, "way": way}
        for size in (*settings["sizes"], settings["everything"]):
            found = _final(runs, way, size)
            row[f"{size:.0f}_per_digit"] = estimate(found).text("{:.2%}") if found else "-"
        steps = [run.get("steps_to_target") for run in of(runs, way, settings["per_class"])]
        row["steps_to_target"] = "-" if None in steps else estimate(steps).text("{:.0f}")
        rows.append(row)
    return rows


def _claims(kind, runs, chosen, settings):
    few, way = settings["per_class"], chosen["way"]
    images = f"{kind} net, {few} images per digit"

    def less(one, other, key, size=few):
        values = [[run[key] for run in of(runs, *each)] for each in ((one, few), (other, size))]
        return difference(*values)

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
