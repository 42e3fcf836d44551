"""Each optimizer's best learning rate, from a grid that goes beyond it on both sides."""

import math

from lab.chapters.optimizer_race import STARTS

FACTOR = 2  # a rate is good if it takes at most so many times the steps of the best
AROUND = 3  # places of the grid on either side of its start that are tried if none is good
LOWEST, HIGHEST = -21, 9  # places: the grid ends at 1e-7 and at 1e3
TUNING_SEED = 1000  # the first; others than those that are compared


def rate_at(place):
    """The grid: 1, 2, 5, 10, 20, 50, ... at the places 0, 1, 2, ..., and so on below 1.

    >>> [rate_at(place) for place in range(-3, 3)]
    [0.1, 0.2, 0.5, 1.0, 2.0, 5.0]
    """
    return float(f"{(1, 2, 5)[place % 3]}e{place // 3}")


def tune(racer, target, seeds):
    """Runs `racer` at the rates of the grid, from its start outwards, until both ends are bad.

    A rate is bad, and given up, once it has taken `FACTOR` times as many steps as the best so far.

    Args:
        racer: an `optimizer_race.Racer`.
        target: float, the loss to reach.
        seeds: int, runs at each rate.

    Returns:
        A dict: `best`, a rate, or None if none reaches the target; `good`, the rates within
        `FACTOR` of it; `at_edge`, whether the best is the last of the grid on either side; `grid`,
        rows with `learning_rate` and `steps`, the sum over the seeds, or None where it was given
        up or the target is not reached.
    """
    start = min(range(LOWEST, HIGHEST + 1), key=lambda k: _distance(k, STARTS[racer.name]))
    found, places = {}, [start]
    while places:
        for place in places:
            found[place] = _steps(racer, rate_at(place), target, seeds, _best(found))
        places = _beyond(found, start)
    best, good = _best(found), _good(found)
    at_best = next((place for place, steps in found.items() if steps == best), None)
    return {
        "best": None if best == math.inf else rate_at(at_best),
        "good": [rate_at(place) for place in good],
        "at_edge": at_best in (min(found), max(found)),
        "grid": [
            {"learning_rate": rate_at(k), "steps": found[k] if found[k] < math.inf else None}
            for k in sorted(found)
        ],
    }


def decades(tuning):
    """How wide the range of good rates is, in decades; 0 if there is one."""
    return math.log10(max(tuning["good"]) / min(tuning["good"])) if tuning["good"] else 0.0


def _distance(place, rate):
    return abs(math.log(rate_at(place) / rate))


def _steps(racer, rate, target, seeds, best):
    """The sum over the seeds; infinite once it is `FACTOR` times the best, or without a target."""
    total = 0.0
    for seed in range(TUNING_SEED, TUNING_SEED + seeds):
        most = None if best == math.inf else math.ceil(FACTOR * best - total)
        if most is not None and most < 1:
            return math.inf
        run = racer.run(rate, seed, target, most)
        if run["end"] != "reached":
            return math.inf
        total += run["steps_to_target"]
    return total


def _best(found):
    return min(found.values(), default=math.inf)


def _good(found):
    return sorted(k for k, steps in found.items() if steps <= FACTOR * _best(found) < math.inf)


def _beyond(found, start):
    """The places to try next: beyond each end of the grid that is good, or to find a good one."""
    good, low, high = _good(found), min(found), max(found)
    down = low in good if good else low > start - AROUND
    up = high in good if good else high < start + AROUND
    return [low - 1] * (down and low > LOWEST) + [high + 1] * (up and high < HIGHEST)
