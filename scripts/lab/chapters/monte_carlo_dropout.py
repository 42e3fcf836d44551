"""Compares the plain prediction of a dropout net with the average of its sub-networks."""

import math

import keras
import numpy as np

from lab.chapters import drawing, nets
from lab.chapters.findings import Claim, Findings
from lab.chapters.intervals import difference, estimate
from lab.chapters.settings import check_monte_carlo_dropout
from tf_recipes.recipe import N_OUTPUTS, Recipe
from tf_recipes.tools.monte_carlo import entropy, subnetwork_probabilities, summarize
from tf_recipes.training.splits import split

COUNTS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000)  # numbers of sub-networks to average
MEANS = ("arithmetic", "geometric")
NEAR = 0.1  # two predictions are near if they differ by at most this share of averaging's gain
TINY = np.finfo(float).tiny  # replaces 0 before a logarithm is taken
SURE = 80  # percent of the test images, in the table
SHARES = tuple(range(5, 101, 5))  # percent of the test images, in the figure
BINS = np.linspace(0, np.log(N_OUTPUTS), 24)  # edges of the entropy's histogram, in nats


def measure(data, say, keep_prob=0.5, epochs=20, samples=100, seeds=5):
    """Trains a dropout net from each seed, and predicts with the whole net and its sub-networks.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line for each seed.
        keep_prob: float in (0, 1), share of inputs and hidden units that dropout keeps.
        epochs: int.
        samples: int, largest number of sub-networks.
        seeds: int, number of seeds.

    Returns:
        `Findings`.

    Raises:
        ValueError: for a setting that breaks its rule.
    """
    check_monte_carlo_dropout(keep_prob, samples)
    adam = {"name": "adam", "learning_rate": 0.001}
    recipe = Recipe("monte_carlo_dropout", keep_prob=keep_prob, optimizer=adam)
    restarts = nets.Restarts(lambda seed: nets.build(recipe, seed))
    train, _, (images, labels) = split(data, "float32")
    runs = []
    for seed in range(seeds):
        model = restarts(seed)
        nets.fit(model, *train, epochs, seed, batch_size=50)
        logits = nets.logits(model, images).astype(np.float64)
        plain = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
        draws = subnetwork_probabilities(model, images, samples, batch_size=1000, seed=seed)
        runs.append({"seed": seed, **_run(plain, draws, labels)})
        say(f"seed {seed}: {_text(runs[-1])}")
    settings = {"keep_prob": keep_prob, "epochs": epochs, "samples": samples, "seeds": seeds}
    settings |= {"counts": _counts(samples), "shares_in_percent": SHARES, "bins_in_nats": BINS}
    return Findings(settings, runs, _summary(runs, samples), _claims(runs, samples))


def draw(findings):
    """Draws two `Figure`s: the gain of averaging, and the use of the uncertainty."""
    return {
        "monte_carlo_dropout": _draw_averaging(findings),
        "monte_carlo_uncertainty": _draw_uncertainty(findings),
    }


def auroc(wrong, right):
    """Returns the probability that a value of `wrong` is above a value of `right`.

    A tie counts half. The result is NaN if `wrong` or `right` is empty.

    >>> auroc(np.array([3, 2]), np.array([1, 2]))  # in three of four pairs; one pair is a tie
    0.875
    """
    if not (len(wrong) and len(right)):
        return math.nan
    right = np.sort(right)
    below = np.searchsorted(right, wrong, "left") + np.searchsorted(right, wrong, "right")
    return float(np.mean(below) / 2 / len(right))


def surest(uncertainty, hits, share):
    """Returns the accuracy on the `share` percent of the images with the lowest uncertainty."""
    kept = max(1, round(len(hits) * share / 100))
    return float(np.mean(hits[np.argsort(uncertainty, kind="stable")[:kept]]))


def _counts(samples):
    """Returns the numbers of sub-networks to average, up to `samples`."""
    return sorted({count for count in COUNTS if count < samples} | {samples})


def _averages(draws, count, mean):
    """Returns the averages of disjoint groups of `count` draws: (groups, n, classes)."""
    groups = draws[: len(draws) // count * count].reshape(-1, count, *draws.shape[1:])
    if mean == "arithmetic":
        return groups.mean(axis=1)
    # exp(E log p), divided by its sum over the classes
    product = np.exp(np.log(np.maximum(groups, TINY)).mean(axis=1))
    return product / product.sum(axis=-1, keepdims=True)


def _scores(probabilities, labels):
    """Returns accuracy and negative log-likelihood (nats) of probabilities (n, classes)."""
    of_label = probabilities[np.arange(len(labels)), labels]
    return {
        "accuracy": float(np.mean(probabilities.argmax(axis=-1) == labels)),
        "nll": float(-np.log(np.maximum(of_label, TINY)).mean()),
    }


def _averaged(draws, labels, count, mean):
    """Returns the mean scores of the averages of `count` sub-networks."""
    scores = [_scores(each, labels) for each in _averages(draws, count, mean)]
    return {key: float(np.mean([each[key] for each in scores])) for key in scores[0]}


def _run(plain, draws, labels):
    """Returns the figures of one seed.

    Args:
        plain: probabilities of the whole net, (n, classes).
        draws: probabilities of the sub-networks, (samples, n, classes).
        labels: (n,).
    """
    average = summarize(draws)
    predicted = average.probabilities.argmax(axis=-1)
    hits = predicted == labels
    measures = {
        "plain entropy": (entropy(plain), plain.argmax(axis=-1) == labels),
        "predictive entropy": (average.predictive_entropy, hits),
        "mutual information": (average.mutual_information, hits),
        "standard deviation": (average.standard_deviation[np.arange(len(labels)), predicted], hits),
    }
    parts = {"right": average.predictive_entropy[hits], "wrong": average.predictive_entropy[~hits]}
    counts = _counts(len(draws))
    return {
        "plain": _scores(plain, labels),
        **{m: [_averaged(draws, labels, count, m) for count in counts] for m in MEANS},
        "auroc": {name: auroc(value[~ok], value[ok]) for name, (value, ok) in measures.items()},
        "surest": {n: [surest(*pair, share) for share in SHARES] for n, pair in measures.items()},
        "histograms": {name: np.histogram(part, BINS)[0] for name, part in parts.items()},
        "entropy": {name: float(part.sum() / max(1, len(part))) for name, part in parts.items()},
    }


def _values(runs, prediction, key):
    """Returns the figure `key` of each run.

    Args:
        runs: the runs of all seeds.
        prediction: `"plain"`, `"one"` for one sub-network, or a name of `MEANS` for the mean of
            all sub-networks.
        key: `"accuracy"` or `"nll"`.
    """
    if prediction == "plain":
        return [run["plain"][key] for run in runs]
    name, place = ("arithmetic", 0) if prediction == "one" else (prediction, -1)
    return [run[name][place][key] for run in runs]


def _summary(runs, samples):
    """Returns the rows of two tables: predictions, and measures of uncertainty."""

    def text(prediction, key, pattern):
        return estimate(_values(runs, prediction, key)).text(pattern)

    names = {"plain": "plain: the whole network", "one": "one sub-network"}
    names |= {mean: f"{mean} mean of {samples}" for mean in MEANS}
    predictions = [
        {
            "prediction": name,
            "test_accuracy": text(each, "accuracy", "{:.2%}"),
            "negative_log-likelihood_(nats)": text(each, "nll", "{:.3f}"),
        }
        for each, name in names.items()
    ]
    uncertainties = [
        {
            "uncertainty": name,
            "AUROC_of_wrong": estimate([run["auroc"][name] for run in runs]).text("{:.3f}"),
            f"accuracy_on_the_surest_{SURE}_%": estimate(
                [run["surest"][name][SHARES.index(SURE)] for run in runs]
            ).text("{:.2%}"),
        }
        for name in runs[0]["auroc"]
    ]
    return [*predictions, *uncertainties]


def _claims(runs, samples):
    """Judges the chapter's claims about dropout as an ensemble."""

    def against(one, other, key):
        return difference(_values(runs, one, key), _values(runs, other, key))

    gain, better = (against("arithmetic", "one", key) for key in ("accuracy", "nll"))
    apart, unlike = (against("plain", "arithmetic", key) for key in ("accuracy", "nll"))
    limits = [NEAR * abs(each.mean) for each in (gain, better)]
    tenth = f"a tenth of what averaging {samples} gains over one"
    return [
        Claim(
            "dropout trains many networks, whose average is better than one of them.",
            gain.above_zero and better.below_zero,
            f"averaging {samples} sub-networks: test accuracy {gain.text('{:+.2%}')}, negative "
            f"log-likelihood {better.text('{:+.3f}')} nats.",
        ),
        Claim(
            "the final network is this averaging ensemble, in what it decides.",
            _is_near(apart, limits[0]),
            f"its test accuracy is {apart.text('{:+.2%}')} from that of the arithmetic mean; "
            f"{tenth} is {limits[0]:.2%}.",
        ),
        Claim(
            "the final network is this averaging ensemble, in how sure it is.",
            _is_near(unlike, limits[1]),
            f"its negative log-likelihood is {unlike.text('{:+.3f}')} nats from that of the "
            f"arithmetic mean, and {against('plain', 'geometric', 'nll').text('{:+.3f}')} from "
            f"that of the geometric mean; {tenth} is {limits[1]:.3f}.",
        ),
    ]


def _is_near(apart, limit):
    """Returns whether the whole interval of a difference is within `-limit` to `limit`."""
    return abs(apart.mean) + apart.half <= limit


def _text(run):
    """Returns the figures of a run, for the line on progress."""
    plain, average = run["plain"], run["arithmetic"][-1]
    return (
        f"plain {plain['accuracy']:.2%}, {plain['nll']:.3f} nats; average "
        f"{average['accuracy']:.2%}, {average['nll']:.3f} nats; its entropy where right "
        f"{run['entropy']['right']:.2f}, where wrong {run['entropy']['wrong']:.2f} nats"
    )


def _draw_averaging(findings):
    """Draws accuracy and log-likelihood over the number of averaged sub-networks."""
    runs, counts, seeds = findings.runs, findings.settings["counts"], findings.settings["seeds"]
    view, both = drawing.new(2, title=f"Mean and 95 % interval of {seeds} seeds")
    for axes, key, factor in zip(both, ("accuracy", "nll"), (100, 1), strict=True):
        plain = estimate([factor * value for value in _values(runs, "plain", key)])
        low, high = plain.mean - plain.half, plain.mean + plain.half
        axes.axhspan(low, high, color=drawing.COLOURS[0], alpha=0.2)
        axes.axhline(plain.mean, color=drawing.COLOURS[0], label="plain: the whole network")
        for place, mean in enumerate(MEANS, start=1):
            values = zip(*([factor * s[key] for s in run[mean]] for run in runs), strict=True)
            _curve(axes, counts, [estimate(each) for each in values], place, f"{mean} mean")
        axes.set_xscale("log")
    drawing.label(both[0], "sub-networks that are averaged", "test accuracy (%)")
    drawing.label(both[1], "sub-networks that are averaged", "negative log-likelihood (nats)")
    return view


def _draw_uncertainty(findings):
    """Draws accuracy on the surest images, and histograms of the entropy."""
    runs, samples = findings.runs, findings.settings["samples"]
    title = f"{samples} sub-networks; mean and 95 % interval of {findings.settings['seeds']} seeds"
    view, (curves, histogram) = drawing.new(2, title=title)
    for place, name in enumerate(runs[0]["surest"]):
        ranked = estimate([run["auroc"][name] for run in runs]).text("{:.3f}")
        shares = zip(*([100 * v for v in run["surest"][name]] for run in runs), strict=True)
        label = f"{name} (AUROC {ranked})"
        _curve(curves, SHARES, [estimate(each) for each in shares], place, label)
    drawing.label(curves, "share of the test images, the surest first (%)", "accuracy on them (%)")
    for place, name in ((0, "right"), (1, "wrong")):
        counts = np.sum([run["histograms"][name] for run in runs], axis=0)
        style = {"color": drawing.COLOURS[place], "alpha": 0.6, "label": f"{name} predictions"}
        histogram.stairs(100 * counts / max(1, counts.sum()), BINS, fill=True, **style)
    drawing.label(histogram, "predictive entropy (nats)", "share of these predictions (%)")
    return view


def _curve(axes, x, estimates, place, label):
    """Draws a line of means with error bars."""
    means, halves = [each.mean for each in estimates], [each.half for each in estimates]
    style = {"color": drawing.COLOURS[place], "marker": drawing.MARKERS[place], "capsize": 2}
    axes.errorbar(x, means, yerr=halves, label=label, markersize=4, **style)
