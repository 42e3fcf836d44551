"""Measures how far a variable is from TF1's, in the scale in which the graph uses it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tf_recipes.parity.comparison import Yardstick


@dataclasses.dataclass(frozen=True)
class VariableDrift:
    """Measures the relative drift of variables.

    TF1 adds 1 to the forget gate of an LSTM after its bias; Keras keeps this 1 in the bias, whose
    entries therefore have the roundings of numbers near 1. So these entries are compared with the
    number added on both sides, and the others as they are.

    `added_to` is `{bias of an LSTM cell: what TF1 adds to the third quarter}`.
    """

    added_to: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def __call__(self, name: str, value: ArrayLike, reference: ArrayLike) -> float:
        """Returns the largest relative drift of an entry, see `comparison.relative_drift`."""
        return self.to(name, reference)(value)

    def to(self, name: str, reference: ArrayLike) -> Callable[[ArrayLike], float]:
        """Returns what measures the drift of several values of a variable from one reference."""
        added = self.added_to.get(name)
        if added is None:
            return Yardstick(reference).drift
        parts = [Yardstick(each) for each in _parts(reference, added)]

        def drift(value: ArrayLike) -> float:
            pairs = zip(parts, _parts(value, added), strict=True)
            return float(np.max([part.drift(each) for part, each in pairs]))  # keeps NaN

        return drift


def _parts(value: ArrayLike, added: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the entries of the forget gate, with the number added, and the others."""
    quarters = np.split(np.asarray(value, np.float64), 4)
    forget = quarters.pop(2) + added
    return forget, np.concatenate(quarters)
