"""The whole of a run: what was measured, under what, and as JSON."""

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
    """Filled as the run goes.

    Args:
        settings: what the run was told.
        speed: `{(net, batch): {name: Timing}}`.
        growth: `[Series]`.
        startup: `{name: seconds}`.
        missing: `{name: why it could not run}`.
    """

    settings: dict
    speed: dict = dataclasses.field(default_factory=dict)
    growth: list = dataclasses.field(default_factory=list)
    startup: dict = dataclasses.field(default_factory=dict)
    missing: dict = dataclasses.field(default_factory=dict)

    def judged(self):
        """Every goal that this run bears on."""
        found = []
        for (net, batch), timings in self.speed.items():
            if batch in goals.BATCHES:
                found += goals.speed(timings, f"{net}, batch {batch}")
        return found + goals.startup(self.startup)


def machine():
    """What the figures depend on besides the code."""
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
    """The processor's name as Linux has it, else as Python."""
    try:
        with open("/proc/cpuinfo") as file:
            names = [
                line.split(":", 1)[1].strip() for line in file if line.startswith("model name")
            ]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def as_json(results):
    """Every sample, medians and spread, as plain data."""
    return {
        "machine": machine(),
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
    found = {
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
        found["steps_per_second"] = summary.spread(timing.rates)
    return found


def _series(series):
    return {**dataclasses.asdict(series), "fitted": series.fitted()}


def write(path, results):
    """Writes the JSON, whole or not at all."""
    with files.replacing(path) as partial:
        partial.write_text(json.dumps(as_json(results), indent=2, allow_nan=False) + "\n")
