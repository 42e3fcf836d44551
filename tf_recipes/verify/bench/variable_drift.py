"""Measures how far a variable is from TF1's, in the scale in which the graph uses it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from tf_recipes.parity.comparison import relative_drift


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
        added = self.added_to.get(name)
        if added is None:
            return relative_drift(value, reference)
        parts = [np.split(np.asarray(each, np.float64), 4) for each in (value, reference)]
        forget = [each.pop(2) + added for each in parts]
        rest = [np.concatenate(each) for each in parts]
        return float(np.maximum(relative_drift(*forget), relative_drift(*rest)))  # keeps NaN
