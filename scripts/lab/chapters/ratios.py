"""Computes geometric means of ratios over several seeds, with confidence intervals."""

import dataclasses
import math

from lab.chapters.intervals import Estimate, difference, estimate


@dataclasses.dataclass(frozen=True)
class Ratio:
    """Holds a geometric mean with its 95 % interval, symmetric on a logarithmic axis.

    Args:
        logarithm: `Estimate` of the mean natural logarithm.
    """

    logarithm: Estimate

    @property
    def mean(self):
        """Returns the geometric mean."""
        return math.exp(self.logarithm.mean)

    @property
    def low(self):
        """Returns the lower end of the interval."""
        return math.exp(self.logarithm.mean - self.logarithm.half)

    @property
    def high(self):
        """Returns the upper end of the interval."""
        return math.exp(self.logarithm.mean + self.logarithm.half)

    def text(self, pattern="{:.3g}"):
        """Returns `mean (low to high)`, each formatted by the pattern.

        >>> Ratio(Estimate(math.log(10), math.log(2), 5)).text()
        '10 (5 to 20)'
        """
        mean, low, high = (pattern.format(value) for value in (self.mean, self.low, self.high))
        return f"{mean} ({low} to {high})"


def geometric(values, comparisons=1):
    """Returns the `Ratio` of positive values, one for each seed.

    >>> round(geometric([1.0, 100.0]).mean, 6)
    10.0
    """
    return Ratio(estimate([math.log(value) for value in values], comparisons))


def ratio(ones, others, comparisons=1):
    """Returns the `Ratio` of `ones / others`, paired by seed: entry over entry.

    >>> ratio([10.0, 40.0], [1.0, 4.0]).text()
    '10 (10 to 10)'
    """
    logarithms = [[math.log(value) for value in values] for values in (ones, others)]
    return Ratio(difference(*logarithms, comparisons))
