"""Holds this project's goals of speed, and judges whether a run meets them."""

import collections
import statistics

Goal = collections.namedtuple("Goal", "against at_least")
Judged = collections.namedtuple("Judged", "goal where wanted reached low high met")

SPEED = (Goal("tf1", 2.4), Goal("keras", 3.0), Goal("jax_scan", 1.0), Goal("pytorch", 1.5))
BATCHES = (50, 128)
STARTUP_AT_MOST = 1.5  # ratio of this project's time to the first step to that of Keras' defaults
OURS = "tf_recipes"


def speed(timings, where):
    """Returns a `Judged` for each goal of speed: this project's steps per second over another's.

    `reached` is the ratio of the medians. `low` and `high` are the extremes of the ratios of the
    rounds; in a round both contestants run one after the other. All three are None if one of the
    two did not run.
    """
    return [_judged(goal, timings, where) for goal in SPEED if goal.against in timings]


def _judged(goal, timings, where):
    """Returns the `Judged` of one goal of speed."""
    ours, theirs = timings.get(OURS), timings[goal.against]
    text, wanted = f"speed over {goal.against}", f"at least {goal.at_least:g}"
    if not ours or ours.failed or theirs.failed:
        return Judged(text, where, wanted, None, None, None, None)
    reached = statistics.median(ours.rates) / statistics.median(theirs.rates)
    rounds = [a / b for a, b in zip(ours.rates, theirs.rates, strict=True)]
    met = reached >= goal.at_least
    return Judged(text, where, wanted, reached, min(rounds), max(rounds), met)


def startup(seconds):
    """Returns the `Judged` of the time to the first step, in a list; [] without both times."""
    ours, theirs = seconds.get(OURS), seconds.get("keras")
    if not ours or not theirs:
        return []
    reached = statistics.median(ours) / statistics.median(theirs)
    rounds = [a / b for a, b in zip(ours, theirs, strict=True)]
    wanted, met = f"under {STARTUP_AT_MOST:g}", reached < STARTUP_AT_MOST
    text = "time to the first step over keras"
    return [Judged(text, "one batch", wanted, reached, min(rounds), max(rounds), met)]
