"""Compares a replayed port with its trace: is it further from TF1 than TF1 one ulp away?"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from tf_recipes.parity.trace import Trace

LIMIT = 10.0  # a port matches while every ratio is at most this
FARTHEST = 0.01  # and while every drift is at most this: more would prove nothing
TYPICAL = 32.0  # an entry is judged on a scale of at most this, in medians of its row and column
SMALLER = 0.3  # a quantile of the entries that training has changed: see `dwarfed`
BLOCK = 2**20  # entries of an array that are compared at a time
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
    return Yardstick(reference).drift(value)


class Yardstick:
    """Measures the relative drift of several arrays from one, see `relative_drift`.

    What depends on the reference alone is computed once, and a part of the entries at a time, so
    that large arrays need little memory.

    Args:
        reference: the array.
    """

    def __init__(self, reference: ArrayLike) -> None:
        self._reference = np.asarray(reference)
        self._bound: _Bound | None = None

    def drift(self, value: ArrayLike) -> float:
        """Returns how far an array is from the reference."""
        value, found = np.asarray(value), 0.0
        bound: _Bound | None = None
        if value.shape != self._reference.shape:
            value, reference = np.broadcast_arrays(value, self._reference)
            return Yardstick(reference).drift(value)
        for rows in _blocks(value.shape):
            one, other = (np.asarray(e[rows], np.float64) for e in (value, self._reference))
            with np.errstate(over="ignore"):
                difference = np.abs(one - other)
            differs = difference != 0  # NaN differs
            if not differs.any():
                continue
            bound = bound or self._bound_for(value)
            scale = np.maximum(bound.of(rows), np.abs(other))[differs]
            with np.errstate(divide="ignore"):
                found = np.maximum(found, np.max(difference[differs] / scale))  # keeps NaN
        return float(found)

    def _bound_for(self, value: NDArray[Any]) -> _Bound:
        """Returns the scale that the entries set for one another, beside a value.

        Entries that are zero on both sides have no part in it.
        """
        if self._bound is not None and self._bound.every and self._full:
            return self._bound
        used = (value != 0) | (self._reference != 0)
        if self._bound is None or not np.array_equal(used, self._bound.used):
            self._bound = _Bound(self._reference, used)
        return self._bound

    @functools.cached_property
    def _full(self) -> bool:
        """Returns whether no entry of the reference is zero."""
        return bool((self._reference != 0).all())


class _Bound:
    """Holds the scale of each entry as far as the other entries set it.

    Args:
        reference: the array.
        used: bool, shape of `reference`; entries that are not used have no part in the medians.
    """

    def __init__(self, reference: NDArray[Any], used: NDArray[np.bool_]) -> None:
        self.used, self._largest = used, np.abs(reference).max()
        self.every = every = bool(used.all())
        self._medians = []
        for axis in range(reference.ndim):
            # of a vector, the whole is its only line
            lines, parts = (
                np.moveaxis(each, axis, 0) if reference.ndim > 1 else each[np.newaxis]
                for each in (reference, used)
            )
            medians = np.empty(len(lines))
            for rows in _blocks(lines.shape):
                magnitude = np.abs(np.asarray(lines[rows], np.float64)).reshape(
                    len(medians[rows]), -1
                )
                with np.errstate(over="ignore"):  # an infinite bound is none
                    medians[rows] = (
                        np.median(magnitude, axis=1)
                        if every
                        else _medians(magnitude, parts[rows].reshape(magnitude.shape))
                    )
            shape = [1] * reference.ndim
            shape[axis] = -1
            self._medians.append(medians.reshape(shape))

    def of(self, rows: Any) -> Any:
        """Returns the scales of some rows; the result broadcasts to their shape."""
        scale: Any = np.float64(self._largest)
        for axis, medians in enumerate(self._medians):
            ours = medians[rows] if axis == 0 and len(medians) > 1 else medians
            with np.errstate(over="ignore"):
                scale = np.minimum(scale, TYPICAL * ours)
        return scale


def _medians(magnitude: NDArray[np.float64], used: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Returns the median of the used entries in each row; infinity for a row without any.

    Those of masked arrays are the same, and slow.
    """
    counts = used.sum(axis=1)
    ordered = np.sort(np.where(used, magnitude, np.inf), axis=1)
    rows, middle = np.arange(len(ordered)), np.maximum(counts, 1)
    found = (ordered[rows, (middle - 1) // 2] + ordered[rows, middle // 2]) / 2
    found[counts == 0] = np.inf
    found[(np.isnan(magnitude) & used).any(axis=1)] = np.nan
    return np.asarray(found)


def _blocks(shape: tuple[int, ...]) -> Iterator[Any]:
    """Yields indices of the first axis that together take an array, each about `BLOCK` entries."""
    if not shape:
        yield ...
        return
    rows = max(1, BLOCK // max(1, math.prod(shape[1:])))
    for first in range(0, shape[0], rows):
        yield slice(first, first + rows)


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
    bound = _Bound(reference, (reference != 0) | (before != 0)).of(slice(None))
    scale = np.broadcast_to(bound, reference.shape)[trained]
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
