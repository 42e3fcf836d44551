"""Holds the results of a run, and writes them as JSON with the machine and the settings."""

import dataclasses
import json
import os
import platform

import numpy as np

import tf_recipes
from lab.benchmark import goals, summary
from tf_recipes._support import files


@dataclasses.dataclass
class Results:
    """Holds the results of a run, which adds them one after another.

    Args:
        settings: dict, the options of the run.
        speed: `{(net, batch): {name: Timing}}`.
        growth: `[Series]`.
        startup: `{name: seconds}`.
        missing: `{name: why the contestant could not run}`.
        load: the mean number of busy threads on the machine in the minute before the run.
    """

    settings: dict
    speed: dict = dataclasses.field(default_factory=dict)
    growth: list = dataclasses.field(default_factory=list)
    startup: dict = dataclasses.field(default_factory=dict)
    missing: dict = dataclasses.field(default_factory=dict)
    load: float = dataclasses.field(default_factory=lambda: os.getloadavg()[0])

    def judged(self):
        """Returns a `Judged` for every goal that this run measured."""
        judged = []
        for (net, batch), timings in self.speed.items():
            if batch in goals.BATCHES:
                judged += goals.speed(timings, f"{net}, batch {batch}")
        return judged + goals.startup(self.startup)


def machine():
    """Returns the processor, the platform and the versions, which the figures depend on."""
    return {
        "cpu": cpu_model(),
        "cpu_count": os.cpu_count(),
        "cpus_usable": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "platform": platform.platform(),
        "python": platform.python_version(),
        "tf_recipes": tf_recipes.__version__,
        "numpy": np.__version__,
    }


def cpu_model():
    """Returns the name of the processor from Linux, or else from Python."""
    try:
        with open("/proc/cpuinfo") as file:
            names = [
                line.split(":", 1)[1].strip() for line in file if line.startswith("model name")
            ]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def as_json(results):
    """Returns every measured time, medians and spreads, in the types of JSON."""
    return {
        "machine": {**machine(), "load_before": results.load},
        "settings": results.settings,
        "missing": results.missing,
        "speed": [
            {"net": net, "batch": batch, **_timing(timing)}
            for (net, batch), timings in results.speed.items()
            for timing in timings.values()
        ],
        "growth": [_series(each) for each in results.growth],
        "startup": [
            {"contestant": name, "seconds": seconds, **summary.spread(seconds)}
            for name, seconds in results.startup.items()
        ],
        "goals": [each._asdict() for each in results.judged()],
    }


def _timing(timing):
    """Returns a `Timing` in the types of JSON."""
    fields = {
        "contestant": timing.name,
        "steps": timing.steps,
        "seconds": timing.seconds,
        "first_epoch_seconds": timing.first_epoch,
        "memory_bytes": timing.memory,
        "idle_cpu_share": timing.idle_cpu_share,
        "versions": timing.versions,
        "note": timing.note,
        "failed": timing.failed,
    }
    if timing.failed is None:
        fields["steps_per_second"] = summary.spread(timing.rates)
    return fields


def _series(series):
    """Returns a `Series` in the types of JSON."""
    return {**dataclasses.asdict(series), "fitted": series.fitted()}


def write(path, results):
    """Writes the JSON, whole or not at all."""
    with files.replacing(path) as partial:
        partial.write_text(json.dumps(as_json(results), indent=2, allow_nan=False) + "\n")
