"""Trains a recipe under both monitors, and measures the time that the monitors take."""

import time

import keras
import numpy as np

from lab.chapters import drawing
from lab.chapters.findings import Claim, Findings
from lab.chapters.settings import check_watch_gradients
from tf_recipes import GradientMonitor, SaturationMonitor, models
from tf_recipes.recipe import N_INPUTS, N_OUTPUTS
from tf_recipes.tools.diagnostics import layer_outputs
from tf_recipes.training.splits import split

PROBE, UNITS = 200, 1000  # images of GradientMonitor and of SaturationMonitor
RECORDS = 5  # records of a timed call of `fit`, without the record before the first step
GOAL = 0.05  # largest share of the monitors' time


def measure(data, say, recipe=None, epochs=5, interval=None, rounds=0, log_dir=None):
    """Trains `recipe` with both monitors, then measures the time that they add to `fit`.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line for each warning and each round.
        recipe: a `Recipe`.
        epochs: int.
        interval: int, batches from one record to the next; None for the monitors' default.
        rounds: int, number of timed calls of `fit`; 0 for none, or at least 2.
        log_dir: a directory for TensorBoard's histograms, or None.

    Returns:
        `Findings`.

    Raises:
        ValueError: for one round, which has no spread.
    """
    check_watch_gradients(rounds)
    (x, y), held_out, _ = split(data, recipe.dtype)
    model = models.build(recipe)
    monitors = _monitors(model, x, y, interval, log_dir)
    keras.utils.set_random_seed(recipe.seed)
    fitting = {"batch_size": recipe.batch_size, "epochs": epochs, "verbose": 0}
    history = model.fit(x, y, validation_data=held_out, callbacks=monitors, **fitting).history
    runs = [{"part": "watched", "history": history, **_recorded(each)} for each in monitors]
    costs = _costs(x, y, recipe, interval, rounds, say)
    settings = {"recipe": recipe.to_spec(), "epochs": epochs, "rounds": rounds}
    settings["interval"] = monitors[0].interval
    return Findings(settings, runs + costs, _last(monitors[0]) + _table(costs), _claims(costs))


def _monitors(model, x, y, interval, log_dir=None):
    """Returns a gradient monitor, and a saturation monitor if the model has an activation."""
    options = {} if interval is None else {"interval": interval}
    monitors = [GradientMonitor(x[:PROBE], y[:PROBE], log_dir=log_dir, **options)]
    if any(layer_outputs.activation(layer) for layer in layer_outputs.leaves(model).values()):
        monitors.append(SaturationMonitor(x[:UNITS], **options))
    return monitors


def _recorded(monitor):
    """Returns the records and warnings of a monitor."""
    name = type(monitor).__name__
    return {"monitor": name, "records": monitor.records, "warnings": monitor.warnings}


class Stopwatch(keras.callbacks.Callback):
    """Calls a monitor, and adds up the time of all its calls.

    Args:
        monitor: a `Monitor`.

    Attributes:
        seconds: time of all calls so far.
    """

    def __init__(self, monitor):
        super().__init__()
        self._monitor = monitor
        self.batch_interval = monitor.batch_interval
        self.seconds = 0.0

    def set_params(self, params):
        self._monitor.set_params(params)

    def set_model(self, model):
        self._monitor.set_model(model)

    def on_train_begin(self, logs=None):
        self._time(self._monitor.on_train_begin, logs)

    def on_epoch_begin(self, epoch, logs=None):
        self._time(self._monitor.on_epoch_begin, epoch, logs)

    def on_train_batch_end(self, batch, logs=None):
        self._time(self._monitor.on_train_batch_end, batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        self._time(self._monitor.on_epoch_end, epoch, logs)

    def _time(self, hook, *arguments):
        """Calls a method of the monitor, and adds its time."""
        began = time.perf_counter()
        hook(*arguments)
        self.seconds += time.perf_counter() - began


def _costs(x, y, recipe, interval, rounds, say):
    """Times calls of `fit` with monitors; the first call compiles, and is not counted.

    On a shared machine the times of two calls differ by more than the monitors take. Therefore the
    monitors' time in a call is compared with the rest of the same call.
    """
    runs = []
    for name, build in BUILDS.items() if rounds else ():
        model = build(recipe)
        monitors = _monitors(model, x, y, interval)
        steps = RECORDS * monitors[0].interval
        rows = np.arange(steps * recipe.batch_size) % len(y)
        images, labels = x[rows], y[rows]
        for each in range(-1, rounds):
            watches = [Stopwatch(monitor) for monitor in monitors]
            began = time.perf_counter()
            model.fit(images, labels, batch_size=recipe.batch_size, verbose=0, callbacks=watches)
            rest = time.perf_counter() - began - sum(watch.seconds for watch in watches)
            for monitor, watch in zip(monitors, watches, strict=True):
                run = {"part": "cost", "model": name, "round": each, "steps": steps}
                run |= {"watched_by": type(monitor).__name__, "seconds": watch.seconds}
                runs.append({**run, "seconds_of_the_rest": rest})
        say(f"{name}: {rounds} rounds of {steps} steps")
    return [run for run in runs if run["round"] >= 0]


def _plain(recipe):
    """Builds a `keras.Model` of built-in layers with the recipe's sizes and Keras' own `fit`."""
    inputs = outputs = keras.Input((N_INPUTS,))
    for units in recipe.hidden:
        outputs = keras.layers.Dense(units, "relu")(outputs)
    model = keras.Model(inputs, keras.layers.Dense(N_OUTPUTS)(outputs))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, metrics=["accuracy"])
    return model


BUILDS = {"keras.Model": _plain, "FastFitModel": models.build}


def _overheads(costs):
    """Returns `{(model, monitor): the monitor's time over the rest's, for each round}`."""
    overheads = {}
    for run in costs:
        share = run["seconds"] / run["seconds_of_the_rest"]
        overheads.setdefault((run["model"], run["watched_by"]), []).append(share)
    return {key: np.array(shares) for key, shares in overheads.items()}


def _last(monitor):
    """Returns a row for each layer with the figures of the last record."""
    record = monitor.records[-1]
    names = dict.fromkeys(key.rpartition("/")[0] for key in record if key != "step")
    kinds = ("gradient_norm", "update_ratio", "activation_mean", "activation_std")
    return [
        {"layer": name, **{kind: record.get(f"{name}/{kind}", "") for kind in kinds}}
        for name in names
    ]


def _table(costs):
    """Returns a row for each model and monitor with the share of time that the monitor adds."""
    return [
        {
            "fit_of": name,
            "watched_by": kind,
            "added_in_the_median": f"{np.median(shares):.2%}",
            "from": f"{shares.min():.2%}",
            "to": f"{shares.max():.2%}",
        }
        for (name, kind), shares in _overheads(costs).items()
    ]


def _claims(costs):
    """Judges whether each monitor adds less than `GOAL` to `fit`."""
    return [
        Claim(
            f"{kind} adds less than {GOAL:.0%} to {name}.fit.",
            float(np.median(shares)) < GOAL,
            f"{np.median(shares):.2%} in the median of {len(shares)} rounds, "
            f"{shares.min():.2%} to {shares.max():.2%}; what compiles once is not counted.",
        )
        for (name, kind), shares in _overheads(costs).items()
    ]


def draw(findings):
    """Draws `{"watch_gradients": Figure}`: each layer's gradient and update over the steps."""
    records = findings.runs[0]["records"]
    names = [key.rpartition("/")[0] for key in records[0] if key.endswith("/gradient_norm")]
    view, axes = drawing.new(2, title=findings.settings["recipe"]["name"])
    steps = [record["step"] for record in records]
    for place, name in enumerate(names):
        style = {
            "color": drawing.COLOURS[place % len(drawing.COLOURS)],
            "linestyle": drawing.STYLES[place % len(drawing.STYLES)],
            "marker": ".",
        }
        for each, kind in zip(axes, ("gradient_norm", "update_ratio"), strict=True):
            each.plot(steps, [record[f"{name}/{kind}"] for record in records], label=name, **style)
    norms, ratios = axes
    norms.set_yscale("log")
    drawing.label(norms, "training step", "norm of the loss' gradient (nats)")
    ratios.set_yscale("log")
    healthy = ratios.axhline(1e-3, color="0.5", linestyle=":")
    drawing.label(ratios, "training step", "update / weights (norms, no unit)", legend=False)
    ratios.legend([healthy], ["0.001"], fontsize=8)
    return {"watch_gradients": view}
