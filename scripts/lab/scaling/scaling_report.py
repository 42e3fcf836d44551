"""Reports the measured scaling and its model, as a table, as JSON and as a figure."""

import dataclasses
import json
import math

import numpy as np

from lab.scaling.cost_model import ring_bytes
from tf_recipes._support import files
from tf_recipes._support.terminal import Terminal

BANDWIDTHS = {"1 Gbit/s": 0.125e9, "10 Gbit/s": 1.25e9, "100 Gbit/s": 12.5e9}
_CLUSTER = (2, 4, 16)  # numbers of workers in the table of break-even batches


def show(measured, cost, errors, cores, console=None):
    """Prints measurements and model, the coefficients, and the batches where a cluster pays."""
    console = console or Terminal()

    def say(text):
        console.print(text, markup=False, highlight=False)

    say("workers parameters  rows  ms/step   model    error  MB/step  ring MB")
    for each, error in zip(measured, errors, strict=True):
        model = cost.seconds(each.workers, each.parameters, each.rows, cores)
        say(
            f"{each.workers:7} {each.parameters:10,} {each.rows:5} {1e3 * each.seconds:8.2f}"
            f" {1e3 * model:7.2f} {error:+8.0%} {each.sent / 1e6:8.2f}"
            f" {ring_bytes(each.workers, each.parameters) / 1e6:8.2f}"
        )
    for name, value in dataclasses.asdict(cost).items():
        say(f"{name}: {value:.3g} s")
    say(f"root mean square of the errors: {np.sqrt(np.mean(np.square(errors))):.0%}")
    for row in paying(measured, cost):
        batches = ", ".join(
            f"{workers} workers {rows:,.0f}" for workers, rows in row["rows"].items()
        )
        say(f"{row['parameters']:,} parameters, {row['network']}: pays above {batches} rows")


def paying(measured, cost):
    """Returns for each net and network the rows above which a cluster is faster than one worker."""
    return [
        {
            "parameters": parameters,
            "network": name,
            "rows": {w: cost.break_even(w, parameters, bandwidth) for w in _CLUSTER},
        }
        for parameters in sorted({each.parameters for each in measured})
        for name, bandwidth in BANDWIDTHS.items()
    ]


def write(path, measured, cost, errors, cores, load=None):
    """Writes measurements, model and break-even batches as JSON; null for a number not finite.

    Args:
        path: the file.
        measured: list of `Measured`.
        cost: the fitted `Cost`.
        errors: the relative error of each measurement.
        cores: int, number of the machine's cores.
        load: the mean number of busy threads in the minute before the measurement.
    """
    result = {
        "cores": cores,
        "load_before": load,
        "cost": dataclasses.asdict(cost),
        "measured": [
            {
                **dataclasses.asdict(each),
                "ring_bytes": ring_bytes(each.workers, each.parameters),
                "relative_error_of_the_model": float(error),
            }
            for each, error in zip(measured, errors, strict=True)
        ],
        "pays_above": paying(measured, cost),
    }
    with files.replacing(path) as partial:
        partial.write_text(json.dumps(_finite(result), indent=2, allow_nan=False) + "\n")


def _finite(value):
    """Returns the value with None for every number that is not finite."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plot(path, measured, cost, cores):
    """Draws the time of a step by parameters and workers, and the break-even batches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4), layout="constrained")
    times, batches = figure.subplots(1, 2)
    _draw_times(times, measured, cost, cores)
    _draw_break_even(batches, measured, cost)
    with files.replacing(path) as partial:
        figure.savefig(partial, dpi=150)


def _draw_times(axes, measured, cost, cores):
    """Draws measured and modelled times over the parameters, for the largest batch."""
    rows = sorted({each.rows for each in measured})[-1]
    chosen = [each for each in measured if each.rows == rows]
    for k, workers in enumerate(sorted({each.workers for each in chosen})):
        points = sorted((m.parameters, m.seconds) for m in chosen if m.workers == workers)
        parameters, seconds = np.array(points).T
        axes.plot(parameters, 1e3 * seconds, "o", color=f"C{k}", label=f"W = {workers}")
        line = np.geomspace(parameters[0], parameters[-1])
        model = [1e3 * cost.seconds(workers, p, rows, cores) for p in line]
        axes.plot(line, model, color=f"C{k}")
    axes.set(xscale="log", yscale="log", xlabel="parameters", ylabel="ms a step")
    axes.set_title(f"measured (dots) and model (lines), {rows} rows, {cores} cores in all")
    axes.legend()


def _draw_break_even(axes, measured, cost):
    """Draws the break-even batch over the parameters, for each network and number of workers.

    Where computing costs nothing in the model, as short measurements may say, no batch pays.
    """
    parameters = [each.parameters for each in measured]
    line = np.geomspace(min(parameters), 100 * max(parameters))
    for k, (name, bandwidth) in enumerate(BANDWIDTHS.items()):
        for workers, style in zip(_CLUSTER, ("-", "--", ":"), strict=True):
            rows = [cost.break_even(workers, p, bandwidth) for p in line]
            label = f"{name}, W = {workers}"
            axes.plot(line, rows, style, color=f"C{k}", label=label)
    axes.set(xscale="log", xlabel="parameters", ylabel="rows of the global batch")
    if cost.compute > 0:
        axes.set_yscale("log")
    else:
        axes.text(0.5, 0.5, "no batch pays", ha="center", transform=axes.transAxes)
    axes.set_title("a cluster is faster than one worker above")
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))  # over no line
