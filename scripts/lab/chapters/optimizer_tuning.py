"""Searches for each optimizer's best learning rate on a grid of rates."""

import math

from lab.chapters.optimizer_race import STARTS

FACTOR = 2  # a rate is good if it takes at most this many times the steps of the best rate
AROUND = 3  # places on either side of the start that are tried while no rate is good
LOWEST, HIGHEST = -21, 9  # first and last place of the grid, the rates 1e-7 and 1e3
TUNING_SEED = 1000  # first seed of the search; the comparison uses seeds from 0


def rate_at(place):
    """Returns the rate at a place of the grid: 1, 2, 5, 10, 20, 50 at the places 0 to 5.

    >>> [rate_at(place) for place in range(-3, 3)]
    [0.1, 0.2, 0.5, 1.0, 2.0, 5.0]
    """
    return float(f"{(1, 2, 5)[place % 3]}e{place // 3}")


def tune(racer, target, seeds):
    """Runs `racer` at the rates of the grid, from its start outwards, until both ends are bad.

    A rate is bad if it takes more than `FACTOR` times the steps of the best rate so far. A run is
    stopped as soon as its rate is bad.

    Args:
        racer: an `optimizer_race.Racer`.
        target: float, the loss to reach.
        seeds: int, runs at each rate.

    Returns:
        A dict: `best`, the best rate, or None if no rate reaches the target; `good`, the good
        rates; `at_edge`, whether the best rate is the lowest or highest of the tried rates; `grid`,
        rows with `learning_rate` and `steps`, the sum over the seeds, or None for a bad rate and
        for a rate that misses the target.
    """
    start = min(range(LOWEST, HIGHEST + 1), key=lambda k: _distance(k, STARTS[racer.name]))
    tried, places = {}, [start]  # tried: place -> steps
    while places:
        for place in places:
            tried[place] = _steps(racer, rate_at(place), target, seeds, _best(tried))
        places = _next_places(tried, start)
    best, good = _best(tried), _good(tried)
    at_best = next((place for place, steps in tried.items() if steps == best), None)
    return {
        "best": None if best == math.inf else rate_at(at_best),
        "good": [rate_at(place) for place in good],
        "at_edge": at_best in (min(tried), max(tried)),
        "grid": [
            {"learning_rate": rate_at(k), "steps": tried[k] if tried[k] < math.inf else None}
            for k in sorted(tried)
        ],
    }


def decades(tuning):
    """Returns the width of the range of good rates in decades; 0 for one good rate or none."""
    return math.log10(max(tuning["good"]) / min(tuning["good"])) if tuning["good"] else 0.0


def _distance(place, rate):
    """Returns the distance between a place's rate and `rate`, in the natural logarithm."""
    return abs(math.log(rate_at(place) / rate))


def _steps(racer, rate, target, seeds, best):
    """Returns the sum of steps over the seeds; infinite for a bad rate or a missed target."""
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


def _best(tried):
    """Returns the fewest steps so far; infinite if no rate reached the target."""
    return min(tried.values(), default=math.inf)


def _good(tried):
    """Returns the places of the good rates, sorted."""
    return sorted(k for k, steps in tried.items() if steps <= FACTOR * _best(tried) < math.inf)


def _next_places(tried, start):
    """Returns the places to try next.

    These are the neighbours of an end of the tried range whose rate is good. While no rate is good,
    both neighbours are tried, up to `AROUND` places from the start.
    """
    good, low, high = _good(tried), min(tried), max(tried)
    down = low in good if good else low > start - AROUND
    up = high in good if good else high < start + AROUND
    return [low - 1] * (down and low > LOWEST) + [high + 1] * (up and high < HIGHEST)
