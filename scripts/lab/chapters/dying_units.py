"""ReLU, leaky ReLU and ELU after one step at far too large a rate: who falls silent, who wakes."""

import numpy as np

from lab.chapters import drawing, nets
from lab.chapters.findings import Claim
from lab.chapters.intervals import difference, estimate
from tf_recipes import SaturationMonitor
from tf_recipes.recipe import Recipe
from tf_recipes.tools.diagnostics.layer_outputs import RECTIFYING

ACTIVATIONS = {"relu": "ReLU", "leaky_relu": "leaky ReLU", "elu": "ELU"}
DEPTH, WIDTH, RATE, BATCH = 5, 100, 0.02, 50
IMAGES = 5000  # trained on, and looked at: a unit that is silent on all of them gets no gradient
BEFORE, AFTER = 2, 5  # epochs
INTERVAL = 20  # steps
LAYERS = [f"hidden{k}" for k in range(1, DEPTH + 1)]


def measure(train, test, say, shock_rate, seeds):
    """Trains, takes one step at `shock_rate`, and trains on; returns the runs."""
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
    rate = {"name": "gradient_descent", "learning_rate": RATE}
    recipe = Recipe("shock", hidden=(WIDTH,) * DEPTH, activation=activation, optimizer=rate)
    return nets.build(recipe, seed)


def _fit(model, x, y, epochs, seed, monitor):
    model.optimizer.learning_rate.assign(RATE)
    nets.fit(model, x, y, epochs, seed, batch_size=BATCH, callbacks=[monitor])


def _shock(model, x, y, rate, monitor):
    """One step on the first batch; `fit`, so that the monitor looks right after it."""
    model.optimizer.learning_rate.assign(rate)
    model.fit(x[:BATCH], y[:BATCH], batch_size=BATCH, verbose=0, callbacks=[monitor])


def _check_finite(model, name):
    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise FloatingPointError(
            f"The {name} net's weights became infinite or not a number after the large step. "
            "Lower --shock_rate."
        )


def _step(x):
    return BEFORE * (len(x) // BATCH) + 1


def _idle(monitor):
    """(layers, units) bool: which were silent on all images at the last look."""
    return np.stack([monitor.idle[f"{name}_activation"] for name in LAYERS])


def _shares(before, after, end):
    """Of each layer: silent before, after and at the end, and which of the second woke."""
    woken = [float(np.mean(~end[k][after[k]])) if after[k].any() else np.nan for k in range(DEPTH)]
    silent = after & ~before
    return {
        "silent_before": before.mean(axis=1),
        "silent_after": after.mean(axis=1),
        "silent_at_the_end": end.mean(axis=1),
        "silenced_units": int(silent.sum()),
        "woken_share": float(np.mean(~end[after])) if after.any() else np.nan,
        "woken_share_by_layer": woken,
    }


def _curves(monitor, activation):
    keys = [f"{name}_activation/{RECTIFYING[activation]}" for name in LAYERS]
    shares = [[record[key] for key in keys] for record in monitor.records]
    return {"steps": [record["step"] for record in monitor.records], "silent": shares}


def summary(runs):
    """A row for each activation."""
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
    """Whether ReLU units die, for good, and whether the others do not."""
    silenced = {a: _silenced(runs, a) for a in ACTIVATIONS}
    woken = {a: _of(runs, a, "woken_share") for a in ACTIVATIONS}
    first = _first_layer(runs, "relu")
    less = {a: difference(silenced["relu"], silenced[a], 2) for a in ("leaky_relu", "elu")}
    more = {a: _gain(woken[a], woken["relu"]) for a in ("leaky_relu", "elu")}
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
                less[each].above_zero or (more[each] is not None and more[each].above_zero),
                f"the step silences {less[each].text('{:.1%}')} fewer units than of ReLU's, and "
                f"{_woken(runs, each)} of the silent ones wake (ReLU: {_woken(runs, 'relu')}).",
            )
            for each in ("leaky_relu", "elu")
        ),
    ]


def draw(runs, shock_rate):
    """`{"diagnose_relu": Figure, "diagnose_leaky_elu": Figure}`."""
    view, (axes,) = drawing.new(title=f"ReLU, {DEPTH} layers of {WIDTH}", size=(6.4, 4.4))
    for layer, name in enumerate(LAYERS):
        _curve(axes, runs, "relu", layer, name.replace("hidden", "hidden layer "), layer)
    _finish(axes, runs, shock_rate, "dead units (% of the layer)")
    other, (curves, bars) = drawing.new(2, title=f"{DEPTH} layers of {WIDTH}, all seeds")
    for place, (activation, name) in enumerate(ACTIVATIONS.items()):
        _curve(curves, runs, activation, None, name, place)
        _bars(bars, runs, activation, place)
    _finish(curves, runs, shock_rate, "silent units (% of all hidden units)")
    bars.set_xticks(range(1, DEPTH + 1))
    bars.set_ylim(0, 100)
    drawing.label(bars, "hidden layer", f"of the silenced, awake {AFTER} epochs later (%)")
    return {"diagnose_relu": view, "diagnose_leaky_elu": other}


def _finish(axes, runs, shock_rate, text):
    name = f"one step at a rate of {shock_rate:g}"
    axes.axvline(runs[0]["shock_step"], color="0.4", linestyle=":", label=name)
    axes.set_ylim(bottom=0)
    drawing.label(axes, f"training step (rate {RATE:g})", text)


def _curve(axes, runs, activation, layer, name, place):
    """The mean over the seeds, and a band of its 95 % interval."""
    steps = _of(runs, activation, "steps")[0]
    shares = 100 * np.array(_of(runs, activation, "silent"))  # (seeds, looks, layers)
    values = shares.mean(axis=2) if layer is None else shares[..., layer]
    found = [estimate(column) for column in values.T]
    means = np.array([each.mean for each in found])
    halves = np.array([each.half for each in found])
    colour = drawing.COLOURS[place]
    axes.plot(steps, means, color=colour, linestyle=drawing.STYLES[place], label=name)
    axes.fill_between(steps, means - halves, means + halves, color=colour, alpha=0.15)


def _bars(axes, runs, activation, place):
    shares = 100 * np.array(_of(runs, activation, "woken_share_by_layer"))
    found = [_estimate(column) for column in shares.T]
    x = np.arange(1, DEPTH + 1) + 0.26 * (place - 1)
    means = [each.mean if each else np.nan for each in found]
    halves = [each.half if each else 0 for each in found]
    style = {"color": drawing.COLOURS[place], "capsize": 2, "ecolor": "0.35"}
    axes.bar(x, means, 0.26, yerr=halves, label=ACTIVATIONS[activation], **style)


def _of(runs, activation, key):
    return [run[key] for run in runs if run["activation"] == activation]


def _mean(runs, activation, key):
    return estimate([np.mean(each) for each in _of(runs, activation, key)])


def _silenced(runs, activation):
    pairs = zip(
        _of(runs, activation, "silent_after"), _of(runs, activation, "silent_before"), strict=True
    )
    return [float(np.mean(after) - np.mean(before)) for after, before in pairs]


def _first_layer(runs, activation):
    return _woken(runs, activation, layer=0)


def _woken(runs, activation, layer=None):
    if layer is None:
        values = _of(runs, activation, "woken_share")
    else:
        values = [each[layer] for each in _of(runs, activation, "woken_share_by_layer")]
    found = _estimate(values)
    return found.text("{:.0%}") if found else "none was silent"


def _estimate(values):
    """Of the seeds in which there was something to wake; None for fewer than two."""
    finite = [value for value in values if np.isfinite(value)]
    return estimate(finite) if len(finite) > 1 else None


def _gain(one, other):
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if np.isfinite(a) and np.isfinite(b)]
    return difference(*zip(*pairs, strict=True), comparisons=2) if len(pairs) > 1 else None


def _text(run):
    parts = [f"{np.mean(run[f'silent_{when}']):.0%}" for when in ("before", "after", "at_the_end")]
    return "silent before, after and at the end: " + ", ".join(parts)
