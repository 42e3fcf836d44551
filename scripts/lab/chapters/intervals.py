"""Computes means over several seeds with their confidence intervals."""

import dataclasses
import math

import numpy as np

from tf_recipes._support import validation

LEVEL = 0.95  # confidence level of the intervals


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Holds a mean with its 95 % confidence interval by Student's t.

    Args:
        mean: float.
        half: float, half the width of the interval, `mean - half` to `mean + half`.
        n: int, number of values.
    """

    mean: float
    half: float
    n: int

    @property
    def above_zero(self):
        """Returns whether the whole interval is above zero."""
        return self.mean - self.half > 0

    @property
    def below_zero(self):
        """Returns whether the whole interval is below zero."""
        return self.mean + self.half < 0

    def text(self, pattern="{:.3g}"):
        """Returns `mean ± half`, both formatted by the pattern.

        >>> Estimate(0.9712, 0.0034, 5).text("{:.2%}")
        '97.12% ± 0.34%'
        """
        return f"{pattern.format(self.mean)} ± {pattern.replace('+', '').format(self.half)}"


def estimate(values, comparisons=1):
    """Returns the `Estimate` of independent values, one for each seed.

    Args:
        values: sequence of at least two floats.
        comparisons: int, number of intervals of which any may decide a verdict. By Bonferroni's
            bound all these intervals together hold the true means with 95 %.

    Raises:
        ValueError: for fewer than two values, because one value has no spread.

    >>> estimate([1.0, 2.0, 3.0]).text("{:.4f}")  # t = 4.3027 with two degrees of freedom
    '2.0000 ± 2.4841'

    References:
        Student, "The probable error of a mean", 1908.
    """
    values = np.asarray(values, np.float64)
    if values.size < 2:
        validation.fail(
            "An estimate needs at least two values, because one has no spread.",
            f"{values.size} value(s)",
            "Pass two seeds or more.",
        )
    from scipy import stats  # imported here because the import takes half a second

    missed = (1 - LEVEL) / comparisons
    t = stats.t.ppf(1 - missed / 2, values.size - 1)
    half = t * values.std(ddof=1) / math.sqrt(values.size)
    return Estimate(float(values.mean()), float(half), values.size)


def difference(one, other, comparisons=1):
    """Returns the `Estimate` of `one - other`, paired by seed: entry less entry.

    >>> difference([3.0, 5.0, 7.0], [1.0, 3.0, 5.0])
    Estimate(mean=2.0, half=0.0, n=3)
    """
    return estimate(np.asarray(one, np.float64) - np.asarray(other, np.float64), comparisons)
