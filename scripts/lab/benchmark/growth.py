"""Measures how time grows with layers, batch and samples: this project and Keras' defaults."""

import dataclasses
import statistics

from lab.benchmark import summary
from lab.benchmark.measure import Contest
from lab.benchmark.setting import Setting

CONTESTANTS = ("keras", "tf_recipes")
LAYERS = (1, 2, 4, 8)  # hidden layers of 100 units
BATCHES = (10, 50, 128, 512, 1024)
SAMPLES = (6_000, 12_000, 24_000, 54_000)
NET, BATCH = (300, 100), 50


@dataclasses.dataclass
class Series:
    """Holds one contestant's times over one growing size.

    Args:
        over: the size that grows: `"layers"`, `"batch"` or `"samples"`.
        contestant: name of the contestant.
        unit: the unit that `seconds` measure: `"step"` or `"epoch"`.
        sizes: the measured sizes.
        seconds: for each size the list of measured times.
    """

    over: str
    contestant: str
    unit: str
    sizes: list = dataclasses.field(default_factory=list)
    seconds: list = dataclasses.field(default_factory=list)

    def medians(self):
        """Returns the median seconds for each size."""
        return [statistics.median(each) for each in self.seconds]

    def fitted(self):
        """Returns slope, intercept and exponent; None with fewer than two sizes."""
        return summary.growth(self.sizes, self.medians()) if len(self.sizes) > 1 else None


def plan(steps):
    """Yields `(over, unit, size, Setting)` of every measurement."""
    for layers in LAYERS:
        yield "layers", "step", layers, Setting((100,) * layers, BATCH, steps)
    for batch in BATCHES:
        yield "batch", "step", batch, Setting(NET, batch, steps)
    for samples in SAMPLES:
        yield "samples", "epoch", samples, Setting(NET, BATCH, samples // BATCH)


def run(contestants, make, steps, repeats, say):
    """Measures every growth, and returns a list of `Series`.

    Args:
        contestants: names of the contestants that can run.
        make: function that makes the workload of a `Setting`.
        steps: steps of a pass, unless the samples grow.
        repeats: rounds for each size.
        say: called with each line on progress or on an error.
    """
    series, names = {}, [name for name in CONTESTANTS if name in contestants]
    if not names:
        return []
    with Contest(names, say) as contest:
        for over, unit, size, setting in plan(steps):
            timings = contest.run(make(setting), repeats)
            for name, timing in timings.items():
                if timing.failed is None:
                    each = series.setdefault((over, name), Series(over, name, unit))
                    units = timing.steps if unit == "step" else 1
                    each.sizes.append(size)
                    each.seconds.append([seconds / units for seconds in timing.seconds])
            say(f"growth with {over}: {size} done")
    return list(series.values())
