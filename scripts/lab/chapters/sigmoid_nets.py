"""Measures saturation and gradients of sigmoid nets, initialised from N(0, 1) and by Xavier."""

import dataclasses

import keras
import numpy as np

from lab.chapters import drawing, nets
from lab.chapters.findings import Claim
from lab.chapters.intervals import difference, estimate
from tf_recipes import GradientMonitor, SaturationMonitor
from tf_recipes.ports import EXACT
from tf_recipes.recipe import Recipe
from tf_recipes.tools.diagnostics.gradients import LEAST

INITS = {"normal": "N(0, 1)", "xavier": "Xavier"}
WIDTH, RATE, BATCH, PROBE = 100, 0.1, 50, 500
SMALLEST = 1e-45  # smallest positive number of float32


def measure(train, test, say, depths, epochs, seeds):
    """Trains sigmoid nets of each depth from both initialisations, and returns the runs."""
    runs = []
    for depth in depths:
        for init in INITS:
            restarts = nets.Restarts(lambda seed, d=depth, i=init: build(d, i, seed))
            x, y = train
            gradients = GradientMonitor(x[:PROBE], y[:PROBE], interval=len(y))
            units = SaturationMonitor(x[:PROBE], interval=len(y))
            for seed in range(seeds):
                model, before = restarts(seed), len(gradients.records)
                watch = {"batch_size": BATCH, "callbacks": [gradients, units]}
                nets.fit(model, x, y, epochs, seed, **watch)
                run = {"part": "sigmoid", "init": init, "depth": depth, "seed": seed}
                for when, place in (("start", before), ("end", -1)):
                    run |= _by_layer(when, depth, gradients.records[place], units.records[place])
                runs.append(run | {"test_accuracy": nets.accuracy(model, *test)})
            say(f"sigmoid, {depth} hidden layers, {INITS[init]}: {_text(runs)}")
    return runs


def build(depth, init, seed):
    """Builds a compiled net of `depth` sigmoid layers; `init` is `"normal"` or `"xavier"`."""
    recipe = Recipe(
        "sigmoid",
        hidden=(WIDTH,) * depth,
        activation="sigmoid",
        initializer="xavier",
        optimizer={"name": "gradient_descent", "learning_rate": RATE},
    )
    normal = dataclasses.replace(EXACT, initializer=lambda recipe: _standard_normal)
    return nets.build(recipe, seed, normal if init == "normal" else EXACT)


def _standard_normal(seed):
    """Returns the initializer of N(0, 1)."""
    return keras.initializers.RandomNormal(0.0, 1.0, seed=seed)


def _by_layer(when, depth, gradients, units):
    """Returns the figures of each layer from one record of both monitors."""
    hidden = [f"hidden{k}" for k in range(1, depth + 1)]
    norms = [gradients[f"{name}/gradient_norm"] for name in [*hidden, "outputs"]]
    return {
        f"{when}_saturated": [units[f"{name}_activation/saturated"] for name in hidden],
        f"{when}_std": [gradients[f"{name}_activation/activation_std"] for name in hidden],
        f"{when}_gradient_norm": norms,
        f"{when}_first_over_last": norms[0] / norms[-1],
    }


def summary(runs):
    """Returns a row for each depth and initialisation."""
    rows = []
    for depth, init in _groups(runs):
        ratio = _log(runs, depth, init)
        accuracy = estimate(_values(runs, depth, init, "test_accuracy"))
        rows.append(
            {
                "sigmoid_net": f"{depth} x {WIDTH}, {INITS[init]}",
                "saturated_at_the_start": _saturated(runs, depth, init).text("{:.1%}"),
                "gradient_of_first_over_last_layer": _power(ratio),
                "test_accuracy": accuracy.text("{:.2%}"),
            }
        )
    return rows


def claims(runs):
    """Judges the chapter's claims by the deepest nets."""
    depth = max(run["depth"] for run in runs)
    where = f"in {depth} hidden layers of {WIDTH}"
    shares = {init: _saturated(runs, depth, init) for init in INITS}
    ratios = {init: _log(runs, depth, init) for init in INITS}
    accuracies = {init: _values(runs, depth, init, "test_accuracy") for init in INITS}
    gain = difference(accuracies["xavier"], accuracies["normal"])
    limit = np.log10(LEAST)
    return [
        Claim(
            "with N(0, 1) weights the outputs of sigmoid layers run to 0 and 1.",
            shares["normal"].mean - shares["normal"].half > 0.5,
            f"{shares['normal'].text('{:.1%}')} of the outputs {where} are below 0.05 or above "
            "0.95 before training.",
        ),
        Claim(
            "and so the gradients of the early layers vanish.",
            ratios["normal"].mean + ratios["normal"].half < limit,
            f"{where} the first layer's gradient is {_power(ratios['normal'])} times the last's "
            f"before training; below {LEAST:g} it would count as vanished.",
        ),
        Claim(
            "Xavier's initialisation cures the saturation.",
            shares["xavier"].mean + shares["xavier"].half < 0.05,
            f"{shares['xavier'].text('{:.1%}')} of the outputs are saturated.",
        ),
        Claim(
            "Xavier's initialisation cures the vanishing gradients: their variance is the same "
            "before and after each layer.",
            ratios["xavier"].mean - ratios["xavier"].half > -1,
            f"{where} the first layer's gradient is {_power(ratios['xavier'])} times the last's "
            f"(from N(0, 1): {_power(ratios['normal'])}); test accuracy against N(0, 1) "
            f"{gain.text('{:+.2%}')}. The slope of the sigmoid is 1/4 at most, and Xavier's "
            "variance reckons with 1.",
        ),
    ]


def draw(runs):
    """Draws `{"diagnose_sigmoid": Figure, "diagnose_xavier": Figure}` of the deepest nets."""
    depth = max(run["depth"] for run in runs)
    drawn = {}
    for stem, init, compared in (
        ("diagnose_sigmoid", "normal", None),
        ("diagnose_xavier", "xavier", "normal"),
    ):
        title = f"{depth} sigmoid layers of {WIDTH} units from {INITS[init]}"
        view, (shares, norms) = drawing.new(2, title=title)
        for place, when in enumerate(("start", "end")):
            name = {"start": "before training", "end": "after training"}[when]
            _curve(shares, runs, depth, init, f"{when}_saturated", name, place, 100)
            _curve(norms, runs, depth, init, f"{when}_gradient_norm", name, place)
        if compared:
            name = f"{INITS[compared]}, before training"
            _curve(shares, runs, depth, compared, "start_saturated", name, 6, 100)
            _curve(norms, runs, depth, compared, "start_gradient_norm", name, 6)
        shares.set_ylim(-3, 103)
        drawing.label(shares, "hidden layer", "saturated outputs (% of units times images)")
        norms.set_yscale("log")
        text = f"layer ({depth + 1}: the outputs)"
        drawing.label(norms, text, "norm of the loss' gradient by the weights (nats)")
        drawn[stem] = view
    return drawn


def _curve(axes, runs, depth, init, key, name, place, factor=1):
    """Draws means and intervals over the layers; factor 1 means a logarithmic axis."""
    values = factor * np.array(_values(runs, depth, init, key))  # (seeds, layers)
    estimates = [estimate(column) for column in values.T]
    means = np.array([each.mean for each in estimates])
    halves = np.array([each.half for each in estimates])
    if factor == 1:  # on a logarithmic axis the bar must not reach zero
        halves = np.stack([np.minimum(halves, 0.99 * means), halves])
    style = {"color": drawing.COLOURS[place], "marker": drawing.MARKERS[place]}
    axes.errorbar(range(1, len(means) + 1), means, halves, label=name, capsize=3, **style)


def _groups(runs):
    """Returns the pairs of depth and initialisation, each once."""
    return list(dict.fromkeys((run["depth"], run["init"]) for run in runs))


def _values(runs, depth, init, key):
    """Returns the figure `key` of one group's runs, in the order of the seeds."""
    return [run[key] for run in runs if (run["depth"], run["init"]) == (depth, init)]


def _saturated(runs, depth, init):
    """Returns the `Estimate` of the share of saturated outputs before training."""
    return estimate([np.mean(each) for each in _values(runs, depth, init, "start_saturated")])


def _log(runs, depth, init):
    """Returns the `Estimate` of log10(first layer's gradient / last layer's) before training."""
    ratios = _values(runs, depth, init, "start_first_over_last")
    return estimate(np.log10(np.maximum(ratios, SMALLEST)))


def _power(logarithm):
    """Returns `10**mean (10**low to 10**high)` of an `Estimate`, as text."""
    low, high = (10 ** (logarithm.mean + sign * logarithm.half) for sign in (-1, 1))
    return f"{10**logarithm.mean:.2g} ({low:.2g} to {high:.2g})"


def _text(runs):
    """Returns the figures of the last run, for the line on progress."""
    last = runs[-1]
    return f"{np.mean(last['start_saturated']):.0%} saturated, {last['test_accuracy']:.2%} right"
