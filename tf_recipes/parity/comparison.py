"""Compares a replayed port with its trace: is it further from TF1 than TF1 one ulp away?"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from tf_recipes.parity.trace import Trace

LIMIT = 10.0  # a port matches while every ratio is at most this
FARTHEST = 0.01  # and while every drift is at most this: more would prove nothing
TYPICAL = 32.0  # an entry is judged on a scale of at most this, in medians of its row and column
SMALLER = 0.3  # a quantile of the entries that training has changed: see `dwarfed`
LOSSES, LOGITS = "losses", "logits"  # what is compared besides the variables


class Run(Protocol):
    """Gives the arrays of one training run, as a `tf_recipes.parity.replay.Replay` does."""

    @property
    def losses(self) -> NDArray[Any]:
        """Returns the loss before each step, (steps,)."""

    @property
    def variables(self) -> Mapping[int, Mapping[str, NDArray[Any]]]:
        """Returns `{step: {TF1's name: value}}` after each recorded step."""

    @property
    def logits(self) -> NDArray[Any]:
        """Returns the logits in evaluation after the last step."""


@dataclasses.dataclass(frozen=True)
class Drift:
    """Holds the distance of one variable from TF1's after one step, or of the losses or logits.

    `sensitivity` is TF1's own drift at that step when TF1 starts one ulp away, at least the
    dtype's epsilon. `ratio` is the drift divided by the sensitivity.
    """

    step: int
    variable: str
    drift: float
    sensitivity: float

    @property
    def ratio(self) -> float:
        """Returns the drift in units of TF1's own drift."""
        return self.drift / self.sensitivity

    @property
    def matches(self) -> bool:
        """Returns whether the ratio is at most `LIMIT`, and the drift at most `FARTHEST`."""
        return bool(self.ratio <= LIMIT and self.drift <= FARTHEST)  # False for NaN too


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Holds every drift of one port from one trace, and the port's losses."""

    name: str
    port: str
    drifts: tuple[Drift, ...]
    losses: NDArray[Any]

    @property
    def passed(self) -> bool:
        """Returns whether there are drifts, every drift matches, and every loss is finite."""
        finite = bool(np.isfinite(self.losses).all())
        return finite and bool(self.drifts) and all(drift.matches for drift in self.drifts)

    @property
    def worst(self) -> Drift:
        """Returns the drift with the largest ratio; NaN counts as the largest."""
        return max(self.drifts, key=_by_ratio)

    @property
    def largest_drift(self) -> float:
        """Returns the largest drift at any step, of a variable, the losses or the logits.

        NaN counts as the largest.
        """
        return largest(each.drift for each in self.drifts)

    @property
    def first_failure(self) -> Drift | None:
        """Returns the largest drift of the first step that fails, or None if every step matches.

        NaN counts as the largest.
        """
        failures = [drift for drift in self.drifts if not drift.matches]
        if not failures:
            return None
        step = failures[0].step
        return max((drift for drift in failures if drift.step == step), key=_by_ratio)

    def by_step(self) -> list[tuple[int, float, float]]:
        """Returns `[(step, largest drift, sensitivity)]` of the variables alone."""
        rows: dict[int, tuple[float, float]] = {}
        for drift in self.drifts:
            if drift.variable not in (LOSSES, LOGITS):
                before = rows[drift.step][0] if drift.step in rows else 0.0
                # unlike `max`, NumPy's maximum keeps a NaN
                rows[drift.step] = np.maximum(before, drift.drift), drift.sensitivity
        return [(step, *row) for step, row in rows.items()]


def largest(values: Iterable[float]) -> float:
    """Returns the largest of the values; NaN counts as the largest."""
    return max(values, key=lambda value: (math.isnan(value), value))


def _by_ratio(drift: Drift) -> tuple[bool, float]:
    """Orders drifts by their ratio, NaN last."""
    return bool(np.isnan(drift.ratio)), drift.ratio


def relative_drift(value: ArrayLike, reference: ArrayLike) -> float:
    """Returns the largest of |value - reference| / scale, with a scale for each entry.

    The scale is the largest magnitude of `reference`, but at most `TYPICAL` times the median
    magnitude of each line that the entry is in: of its row and of its column in a matrix, of the
    whole array in a vector. So a few huge entries, or a row or column of them, hide nothing
    elsewhere. An entry's own magnitude counts always, for the entry itself.

    The result is 0 where both are equal, and infinite where `reference` is zero in most of a line
    and at an entry that differs. `tf_recipes.originals.runners.record.drift` is the same for TF1.
    """
    value, reference = np.asarray(value, np.float64), np.asarray(reference, np.float64)
    with np.errstate(over="ignore"):
        difference = np.abs(value - reference)
    differs = difference != 0  # NaN differs
    if not differs.any():
        return 0.0
    scale = _scale(reference, (value != 0) | (reference != 0))[differs]
    with np.errstate(divide="ignore"):
        return float(np.max(difference[differs] / scale))


def _scale(reference: NDArray[np.float64], used: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Returns what the difference at each entry is divided by.

    Args:
        reference: the array.
        used: bool, shape of `reference`; entries that are not used have no part in the medians.
    """
    return np.maximum(_bound(reference, used), np.abs(reference))


def _bound(reference: NDArray[np.float64], used: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Returns the scale of each entry as far as the other entries set it; as `_scale`."""
    magnitude = np.abs(reference)
    scale = np.full(reference.shape, magnitude.max())
    # the median of masked arrays is slow, and seldom needed
    every = used.all()
    parts = magnitude if every else np.ma.masked_array(magnitude, ~used)
    for axis in range(reference.ndim):
        others = tuple(k for k in range(reference.ndim) if k != axis) or None
        with np.errstate(over="ignore"):  # an infinite bound is none
            if every:
                medians = np.median(parts, axis=others, keepdims=True)
            else:
                medians = np.ma.filled(np.ma.median(parts, axis=others, keepdims=True), np.inf)
            scale = np.minimum(scale, TYPICAL * medians)
    return scale


def dwarfed(reference: ArrayLike, before: ArrayLike) -> float:
    """Returns how many times as large as the smaller trained entries of an array its scale is.

    The smaller ones are those at the quantile `SMALLER` of all entries that training has changed.
    Normally distributed entries give up to about 60. A large number means that entries of another
    size, such as the biases of units that never change, set the scale of the trained ones.

    Args:
        reference: TF1's array after some steps.
        before: the same array before the first step.
    """
    reference, before = np.asarray(reference, np.float64), np.asarray(before, np.float64)
    trained = (reference != before) & (reference != 0)
    if not trained.any():
        return 0.0
    scale = _bound(reference, (reference != 0) | (before != 0))[trained]
    return float(scale.max() / np.quantile(np.abs(reference[trained]), SMALLER))


def compare(trace: Trace, port: str, replay: Run) -> Comparison:
    """Compares a replay with its trace: the variables, the losses and the logits.

    The losses up to a recorded step belong to this step; those after the last one to the last step.

    Args:
        trace: a `tf_recipes.parity.trace.Trace`.
        port: the port's name.
        replay: a `tf_recipes.parity.replay.Replay` of the trace.

    Returns:
        A `Comparison`. A variable that only one side has counts as an infinite drift.
    """
    epsilon = float(np.finfo(trace.recipe.dtype).eps)
    coarsest = max(epsilon, *(float(np.finfo(each.losses.dtype).eps) for each in (trace, replay)))
    drifts, before = [], 0
    for step in trace.steps:
        sensitivity = max(epsilon, *trace.sensitivity[step].values())
        reference, ported = trace.variables[step], replay.variables[step]
        for name in sorted(reference.keys() | ported.keys()):
            both = name in reference and name in ported
            drift = relative_drift(ported[name], reference[name]) if both else float("inf")
            drifts.append(Drift(step, name, drift, sensitivity))
        last = trace.recipe.steps if step == trace.steps[-1] else step
        drift = _losses_drift(trace.losses[before:last], replay.losses[before:last])
        drifts.append(Drift(step, LOSSES, drift, max(coarsest, sensitivity)))
        before = step
    sensitivity = max(epsilon, trace.logits_sensitivity)
    drift = relative_drift(replay.logits, trace.logits)
    drifts.append(Drift(trace.recipe.steps, LOGITS, drift, sensitivity))
    return Comparison(trace.recipe.name, port, tuple(drifts), replay.losses)


def _losses_drift(reference: NDArray[Any], ported: NDArray[Any]) -> float:
    """Returns the drift of the losses; infinite where there are too few."""
    return relative_drift(ported, reference) if ported.shape == reference.shape else float("inf")
