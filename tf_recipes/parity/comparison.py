"""The verdict: can a port be told from TF1 started one ulp away?"""

import dataclasses

import numpy as np

LIMIT = 10.0  # a port matches while every ratio is at most this


@dataclasses.dataclass(frozen=True)
class Drift:
    """How far one variable is from TF1's after one step.

    `sensitivity` is TF1's own drift at that step when it starts one ulp away, at least the
    dtype's epsilon; `ratio` is the drift in that unit.
    """

    step: int
    variable: str
    drift: float
    sensitivity: float

    @property
    def ratio(self):
        return self.drift / self.sensitivity

    @property
    def matches(self):
        return bool(self.ratio <= LIMIT)  # False for NaN too


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One port against one trace: every drift, and the losses beside TF1's."""

    name: str
    port: str
    drifts: tuple[Drift, ...]
    losses: np.ndarray

    @property
    def passed(self):
        """Whether something was compared, all of it matches, and no loss is NaN or infinite."""
        finite = bool(np.isfinite(self.losses).all())
        return finite and bool(self.drifts) and all(drift.matches for drift in self.drifts)

    @property
    def worst(self):
        """The drift with the largest ratio, NaN above all."""
        return max(self.drifts, key=_badness)

    @property
    def first_failure(self):
        """The largest drift of the first step that fails, NaN above all, or None."""
        failures = [drift for drift in self.drifts if not drift.matches]
        if not failures:
            return None
        step = failures[0].step
        return max((drift for drift in failures if drift.step == step), key=_badness)

    def by_step(self):
        """`[(step, largest drift, sensitivity)]`, for a curve; logits aside."""
        rows = {}
        for drift in self.drifts:
            if drift.variable != "logits":
                seen = rows.get(drift.step, (0.0,))[0]
                rows[drift.step] = np.maximum(seen, drift.drift), drift.sensitivity  # keeps NaN
        return [(step, *row) for step, row in rows.items()]


def _badness(drift):
    return np.isnan(drift.ratio), drift.ratio


def relative_drift(value, reference):
    """max|value - reference| / max|reference|; 0 where they are equal, inf beside zeros."""
    value, reference = np.float64(value), np.float64(reference)
    difference = np.max(np.abs(value - reference))
    if difference == 0:
        return 0.0
    largest = np.max(np.abs(reference))
    return float(difference / largest) if largest else float("inf")


def compare(trace, port, replay):
    """Holds a replay against its trace.

    Args:
        trace: a `tf_recipes.parity.trace.Trace`.
        port: the port's name.
        replay: a `tf_recipes.parity.replay.Replay`.

    Returns:
        A `Comparison`. A variable too few or too many is an infinite drift.
    """
    epsilon = float(np.finfo(trace.recipe.dtype).eps)
    drifts = []
    for step in trace.steps:
        floor = max(epsilon, *trace.sensitivity[step].values())
        reference, ported = trace.variables[step], replay.variables[step]
        for name in sorted(reference.keys() | ported.keys()):
            both = name in reference and name in ported
            drift = relative_drift(ported[name], reference[name]) if both else float("inf")
            drifts.append(Drift(step, name, drift, floor))
    floor = max(epsilon, trace.logits_sensitivity)
    drift = relative_drift(replay.logits, trace.logits)
    drifts.append(Drift(trace.recipe.steps, "logits", drift, floor))
    return Comparison(trace.recipe.name, port, tuple(drifts), replay.losses)
