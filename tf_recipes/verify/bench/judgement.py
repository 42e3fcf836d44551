"""Judges a Keras model's numbers by how far TF1 drifts from itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes.parity.comparison import FARTHEST, LIMIT, relative_drift
from tf_recipes.parity.own_drift import CHAOTIC
from tf_recipes.verify.bench.reference import Steps, losses_drift
from tf_recipes.verify.bench.variable_drift import VariableDrift

LOSSES = "losses"


@dataclasses.dataclass(frozen=True)
class Judged:
    """Holds the drifts of one array: one for each step that is judged, or a single one.

    `ratio` is the drift divided by TF1's own drift. The array matches while each ratio is at most
    `comparison.LIMIT` and each drift at most `comparison.FARTHEST`. From the step `jump` on,
    counted from 0, TF1 itself may be farther away, see `jumps`, and only the ratio counts.
    """

    name: str
    drift: Sequence[float]
    sensitivity: Sequence[float]
    jump: int | None = None

    @property
    def ratio(self) -> list[float]:
        """Returns the drifts in units of TF1's own drift."""
        return [d / s for d, s in zip(self.drift, self.sensitivity, strict=True)]

    @property
    def passed(self) -> bool:
        """Returns whether each step matches; NaN does not."""
        return self.first_failure is None

    @property
    def first_failure(self) -> int | None:
        """Returns the first step that does not match, from 0, or None."""
        for k, (drift, ratio) in enumerate(zip(self.drift, self.ratio, strict=True)):
            jumped = self.jump is not None and k >= self.jump
            if not (ratio <= LIMIT and (drift <= FARTHEST or jumped)):
                return k
        return None

    @property
    def worst(self) -> float:
        """Returns the largest ratio; infinity where one is NaN."""
        ratios = [np.inf if np.isnan(r) else r for r in self.ratio]
        return float(max(ratios, default=0.0))


def steps_sensitivity(steps: Steps, names: Sequence[str], epsilon: float) -> NDArray[Any]:
    """Returns how far TF1 drifts from itself after each step: its largest drift, without noise.

    Args:
        steps: what TF1 did.
        names: the variables that are judged.
        epsilon: the least drift that counts, that of the dtype.
    """
    judged = [name for name in names if name not in steps.noise]
    return np.array(
        [max([epsilon, *(each[name] for name in judged)]) for each in steps.sensitivity.variables]
    )


def own_sensitivity(steps: Steps, name: str, epsilon: float) -> NDArray[Any]:
    """Returns how far TF1 drifts from itself in one variable, after each step.

    Args:
        steps: what TF1 did.
        name: the variable.
        epsilon: the least drift that counts, that of the dtype.
    """
    return np.array([max(epsilon, each[name]) for each in steps.sensitivity.variables])


def judged_steps(sensitivity: NDArray[Any]) -> int:
    """Returns how many steps can be judged: those before TF1 drifts from itself too far."""
    chaotic = np.flatnonzero(sensitivity > CHAOTIC)
    return int(chaotic[0]) if len(chaotic) else len(sensitivity)


def compared_steps(judged: Sequence[Judged]) -> int:
    """Returns how many steps the judged arrays of a training have; 0 without arrays."""
    return max((len(each.drift) for each in judged), default=0)


def would_match(
    name: str,
    still: NDArray[Any],
    values: Sequence[NDArray[Any]],
    own: NDArray[Any],
    drift_of: VariableDrift,
) -> bool:
    """Returns whether a variable that does not move would match TF1's at each judged step.

    Args:
        name: TF1's name.
        still: the value at the start.
        values: TF1's value after each judged step.
        own: how far TF1 drifts from itself in this variable after each step.
        drift_of: measures the drift of a variable.
    """
    drift = [drift_of(name, still, value) for value in values]
    return Judged(name, drift, own[: len(drift)].tolist()).passed


class Drifts:
    """Measures, step by step, how far Keras' variables are from TF1's; keeps no array.

    Args:
        steps: what TF1 did.
        drift_of: measures the drift of a variable.

    Attributes:
        of: `{TF1's name: the drift after each step}`, without noise.
        finite: whether all variables were finite numbers after the last step.
    """

    def __init__(self, steps: Steps, drift_of: VariableDrift) -> None:
        self.of: dict[str, list[float]] = {}
        self.finite = True
        self._steps, self._drift_of = steps, drift_of

    def add(self, step: int, values: Iterable[tuple[str, NDArray[Any]]]) -> None:
        """Measures the variables after a step.

        Args:
            step: the step, counted from 0.
            values: pairs of TF1's name and the Keras value.
        """
        self.finite = True
        of_tf1 = self._steps.run.variables[step]
        for name, value in values:
            self.finite = self.finite and bool(np.isfinite(value).all())
            if name in self._steps.sensitivity.variables[0] and name not in self._steps.noise:
                self.of.setdefault(name, []).append(self._drift_of(name, value, of_tf1[name]))


def training(steps: Steps, losses: NDArray[Any], drifts: Drifts, epsilon: float) -> list[Judged]:
    """Judges the losses and the variables after each step.

    Args:
        steps: what TF1 did.
        losses: the Keras model's losses, (steps,); all NaN where its training gives none.
        drifts: those of the variables.
        epsilon: that of the dtype.
    """
    own = steps_sensitivity(steps, list(drifts.of), epsilon)
    count = judged_steps(own)
    found = []
    if not np.isnan(losses).all() or not drifts.finite:  # a training step may give no loss
        coarsest = max(epsilon, float(np.finfo("f4").eps))  # Keras' mean of the loss is float32
        least = np.maximum(steps.sensitivity.losses, coarsest)[:count]
        of_losses = losses_drift(losses[:count], steps.run.losses[:count])
        found.append(Judged(LOSSES, of_losses.tolist(), least.tolist()))
    for name, drift in drifts.of.items():
        least = own_sensitivity(steps, name, epsilon)[:count]
        found.append(Judged(name, drift[:count], least.tolist()))
    return found


def outputs(
    name: str, value: NDArray[Any], reference: NDArray[Any], own: float, epsilon: float
) -> Judged:
    """Judges predictions, or the outputs of a layer, whose entries TF1 has in another shape."""
    drift = relative_drift(np.reshape(value, reference.shape), reference)
    return Judged(name, [drift], [max(own, epsilon)])


def first_failure(judged: Sequence[Judged]) -> tuple[int, Judged] | None:
    """Returns the first step that fails, from 0, and the array with the largest ratio in it."""
    failed = [(each.first_failure, each) for each in judged if each.first_failure is not None]
    if not failed:
        return None
    step = min(k for k, _ in failed if k is not None)
    at = [each for k, each in failed if k == step]

    def ratio(each: Judged) -> float:
        value = each.ratio[step]
        return np.inf if np.isnan(value) else value

    # among arrays that fail alike, a variable says more than the loss
    return step, max(at, key=lambda each: (ratio(each), each.name != LOSSES))
