"""Counts the silent units of ReLU, leaky ReLU and ELU nets after one step at too large a rate.

A unit is silent if its output is positive on none of the images. A silent unit wakes if its output
is positive on some image later.
"""

import numpy as np

from lab.chapters import drawing, nets
from lab.chapters.findings import Claim
from lab.chapters.intervals import difference, estimate
from tf_recipes import SaturationMonitor
from tf_recipes.recipe import Recipe
from tf_recipes.tools.diagnostics.layer_outputs import RECTIFYING

ACTIVATIONS = {"relu": "ReLU", "leaky_relu": "leaky ReLU", "elu": "ELU"}
DEPTH, WIDTH, RATE, BATCH = 5, 100, 0.02, 50
IMAGES = 5000  # training images; a ReLU unit that is silent on all of them gets no gradient
BEFORE, AFTER = 2, 5  # epochs before and after the large step
INTERVAL = 20  # steps from one record of the monitor to the next
LAYERS = [f"hidden{k}" for k in range(1, DEPTH + 1)]


def measure(train, test, say, shock_rate, seeds):
    """Trains, takes one step at `shock_rate`, continues the training, and returns the runs."""
    runs = []
    x, y = (each[:IMAGES] for each in train)
    for activation, name in ACTIVATIONS.items():
        restarts = nets.Restarts(lambda seed, a=activation: _build(a, seed))
        for seed in range(seeds):
            monitor = SaturationMonitor(x, interval=INTERVAL)
            model = restarts(seed)
            _fit(model, x, y, BEFORE, seed, monitor)
            before = _idle(monitor)
            _shock(model, x, y, shock_rate, monitor)
            after = _idle(monitor)
            _fit(model, x, y, AFTER, seed + seeds, monitor)
            _check_finite(model, name)
            run = {"part": "shock", "activation": activation, "seed": seed, "shock_step": _step(x)}
            run |= _shares(before, after, _idle(monitor)) | _curves(monitor, activation)
            runs.append(run | {"test_accuracy": nets.accuracy(model, *test)})
        say(f"{name}: {_text(runs[-1])}")
    return runs


def _build(activation, seed):
    """Returns the compiled net of an activation with the start of a seed."""
    rate = {"name": "gradient_descent", "learning_rate": RATE}
    recipe = Recipe("shock", hidden=(WIDTH,) * DEPTH, activation=activation, optimizer=rate)
    return nets.build(recipe, seed)


def _fit(model, x, y, epochs, seed, monitor):
    """Trains at the rate `RATE` under the monitor."""
    model.optimizer.learning_rate.assign(RATE)
    nets.fit(model, x, y, epochs, seed, batch_size=BATCH, callbacks=[monitor])


def _shock(model, x, y, rate, monitor):
    """Takes one step on the first batch, in `fit`, so that the monitor records directly after."""
    model.optimizer.learning_rate.assign(rate)
    model.fit(x[:BATCH], y[:BATCH], batch_size=BATCH, verbose=0, callbacks=[monitor])


def _check_finite(model, name):
    """Raises `FloatingPointError` if a weight is infinite or not a number."""
    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise FloatingPointError(
            f"The {name} net's weights became infinite or not a number after the large step. "
            "Pass a lower --shock_rate."
        )


def _step(x):
    """Returns the number of the large step."""
    return BEFORE * (len(x) // BATCH) + 1


def _idle(monitor):
    """Returns which units were silent on all images at the last record: bool (layers, units)."""
    return np.stack([monitor.idle[f"{name}_activation"] for name in LAYERS])


def _shares(before, after, end):
    """Returns the shares of silent units of each layer, and the share of these that woke.

    Args:
        before, after, end: bool (layers, units), the units that were silent before the large step,
            right after the step, and at the end.
    """
    woken = [float(np.mean(~end[k][after[k]])) if after[k].any() else np.nan for k in range(DEPTH)]
    silenced = after & ~before
    return {
        "silent_before": before.mean(axis=1),
        "silent_after": after.mean(axis=1),
        "silent_at_the_end": end.mean(axis=1),
        "silenced_units": int(silenced.sum()),
        "woken_share": float(np.mean(~end[after])) if after.any() else np.nan,
        "woken_share_by_layer": woken,
    }


def _curves(monitor, activation):
    """Returns the recorded steps, and each layer's share of silent units at each step."""
    keys = [f"{name}_activation/{RECTIFYING[activation]}" for name in LAYERS]
    shares = [[record[key] for key in keys] for record in monitor.records]
    return {"steps": [record["step"] for record in monitor.records], "silent": shares}


def summary(runs):
    """Returns a row for each activation."""
    return [
        {
            "units": name,
            "silent_before": _mean(runs, activation, "silent_before").text("{:.1%}"),
            "right_after_the_step": _mean(runs, activation, "silent_after").text("{:.1%}"),
            "at_the_end": _mean(runs, activation, "silent_at_the_end").text("{:.1%}"),
            "of_those_silenced_awake_again": _woken(runs, activation),
            "in_the_first_layer": _woken(runs, activation, layer=0),
            "test_accuracy": _mean(runs, activation, "test_accuracy").text("{:.2%}"),
        }
        for activation, name in ACTIVATIONS.items()
    ]


def claims(runs, shock_rate):
    """Judges whether ReLU units die for good, and whether leaky ReLU and ELU units do not."""
    silenced = {a: _silenced(runs, a) for a in ACTIVATIONS}
    woken = {a: _values(runs, a, "woken_share") for a in ACTIVATIONS}
    first = _woken(runs, "relu", layer=0)
    fewer_silenced = {
        a: difference(silenced["relu"], silenced[a], 2) for a in ("leaky_relu", "elu")
    }
    more_woken = {a: _gain(woken[a], woken["relu"]) for a in ("leaky_relu", "elu")}
    deaths = estimate(silenced["relu"])
    return [
        Claim(
            "at too large a rate ReLU units die.",
            deaths.above_zero,
            f"one step at {shock_rate:g}, {shock_rate / RATE:g} times the rate, silences "
            f"{deaths.text('{:.1%}')} of the units on all {IMAGES:,} images.",
        ),
        Claim(
            "a dead ReLU unit is dead for good.",
            all(value == 0 for value in woken["relu"]),
            f"{_woken(runs, 'relu')} of them are awake again {AFTER} epochs later, since the "
            f"layers below go on learning; of the first layer's, below which are only the images, "
            f"{first}.",
        ),
        *(
            Claim(
                f"{ACTIVATIONS[each]} units do not fall silent so, or wake again.",
                fewer_silenced[each].above_zero
                or (more_woken[each] is not None and more_woken[each].above_zero),
                f"the step silences {fewer_silenced[each].text('{:.1%}')} fewer units than of "
                "ReLU's, and "
                f"{_woken(runs, each)} of the silent ones wake (ReLU: {_woken(runs, 'relu')}).",
            )
            for each in ("leaky_relu", "elu")
        ),
    ]


def draw(runs, shock_rate):
    """Draws `{"diagnose_relu": Figure, "diagnose_leaky_elu": Figure}`."""
    view, (axes,) = drawing.new(title=f"ReLU, {DEPTH} layers of {WIDTH}", size=(6.4, 4.4))
    for layer, name in enumerate(LAYERS):
        _curve(axes, runs, "relu", layer, name.replace("hidden", "hidden layer "), layer)
    _finish(axes, runs, shock_rate, "dead units (% of the layer)")
    all_units, (curves, bars) = drawing.new(2, title=f"{DEPTH} layers of {WIDTH}, all seeds")
    for place, (activation, name) in enumerate(ACTIVATIONS.items()):
        _curve(curves, runs, activation, None, name, place)
        _bars(bars, runs, activation, place)
    _finish(curves, runs, shock_rate, "silent units (% of all hidden units)")
    bars.set_xticks(range(1, DEPTH + 1))
    bars.set_ylim(0, 100)
    drawing.label(bars, "hidden layer", f"of the silenced, awake {AFTER} epochs later (%)")
    return {"diagnose_relu": view, "diagnose_leaky_elu": all_units}


def _finish(axes, runs, shock_rate, text):
    """Marks the large step, and labels the axes."""
    name = f"one step at a rate of {shock_rate:g}"
    axes.axvline(runs[0]["shock_step"], color="0.4", linestyle=":", label=name)
    axes.set_ylim(bottom=0)
    drawing.label(axes, f"training step (rate {RATE:g})", text)


def _curve(axes, runs, activation, layer, name, place):
    """Draws the mean over the seeds with a band of its 95 % interval."""
    steps = _values(runs, activation, "steps")[0]
    shares = 100 * np.array(_values(runs, activation, "silent"))  # (seeds, records, layers)
    values = shares.mean(axis=2) if layer is None else shares[..., layer]
    estimates = [estimate(column) for column in values.T]
    means = np.array([each.mean for each in estimates])
    halves = np.array([each.half for each in estimates])
    colour = drawing.COLOURS[place]
    axes.plot(steps, means, color=colour, linestyle=drawing.STYLES[place], label=name)
    axes.fill_between(steps, means - halves, means + halves, color=colour, alpha=0.15)


def _bars(axes, runs, activation, place):
    """Draws each layer's share of silent units that woke."""
    shares = 100 * np.array(_values(runs, activation, "woken_share_by_layer"))
    estimates = [_estimate(column) for column in shares.T]
    x = np.arange(1, DEPTH + 1) + 0.26 * (place - 1)
    means = [each.mean if each else np.nan for each in estimates]
    halves = [each.half if each else 0 for each in estimates]
    style = {"color": drawing.COLOURS[place], "capsize": 2, "ecolor": "0.35"}
    axes.bar(x, means, 0.26, yerr=halves, label=ACTIVATIONS[activation], **style)


def _values(runs, activation, key):
    """Returns the figure `key` of one activation's runs, in the order of the seeds."""
    return [run[key] for run in runs if run["activation"] == activation]


def _mean(runs, activation, key):
    """Returns the `Estimate` over the seeds of a figure's mean over the layers."""
    return estimate([np.mean(each) for each in _values(runs, activation, key)])


def _silenced(runs, activation):
    """Returns for each seed by how much the large step raised the share of silent units."""
    after, before = (_values(runs, activation, f"silent_{when}") for when in ("after", "before"))
    return [float(np.mean(a) - np.mean(b)) for a, b in zip(after, before, strict=True)]


def _woken(runs, activation, layer=None):
    """Returns the share of silent units that woke, as text, of all layers or of one layer."""
    if layer is None:
        values = _values(runs, activation, "woken_share")
    else:
        values = [each[layer] for each in _values(runs, activation, "woken_share_by_layer")]
    share = _estimate(values)
    return share.text("{:.0%}") if share else "none was silent"


def _estimate(values):
    """Returns the `Estimate` over the seeds with silent units; None for fewer than two seeds."""
    finite = [value for value in values if np.isfinite(value)]
    return estimate(finite) if len(finite) > 1 else None


def _gain(one, other):
    """Returns the `Estimate` of `one - other` over the seeds in which both are finite, or None."""
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if np.isfinite(a) and np.isfinite(b)]
    return difference(*zip(*pairs, strict=True), comparisons=2) if len(pairs) > 1 else None


def _text(run):
    """Returns the shares of silent units of a run, for the line on progress."""
    parts = [f"{np.mean(run[f'silent_{when}']):.0%}" for when in ("before", "after", "at_the_end")]
    return "silent before, after and at the end: " + ", ".join(parts)
