"""Writes numbers of a TF1 graph as a person would have written them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

NEAR = 3e-7  # the relative difference of a product of a few float32 numbers from its short form


def plain(value: Any) -> float:
    """Returns a float32 number with the fewest digits that give its bits again.

    >>> plain(np.float32(0.1))
    0.1
    """
    return float(str(np.float32(np.asarray(value).reshape(()))))


def measured(value: float, constants: Iterable[float] = (), near: float = NEAR) -> float:
    """Returns the number that a measured one stands for: a constant, or one with few digits.

    >>> measured(0.0200000021), measured(0.33333337), measured(0.0101, [0.01], near=0.02)
    (0.02, 0.33333337, 0.01)
    """
    for each in constants:
        if abs(each - value) <= near * abs(value):
            return float(each)
    for digits in range(1, 7):
        short = float(f"{value:.{digits}g}")
        if abs(short - value) <= NEAR * abs(value):
            return short
    return plain(value)
