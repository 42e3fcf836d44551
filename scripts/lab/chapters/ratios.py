"""How many times as many: ratios of what several seeds took, averaged as logarithms."""

import dataclasses
import math

from lab.chapters.intervals import Estimate, difference, estimate


@dataclasses.dataclass(frozen=True)
class Ratio:
    """A geometric mean with its 95 % interval; it is symmetric on a logarithmic axis.

    Args:
        logarithm: the `Estimate` of the natural logarithm.
    """

    logarithm: Estimate

    @property
    def mean(self):
        return math.exp(self.logarithm.mean)

    @property
    def low(self):
        return math.exp(self.logarithm.mean - self.logarithm.half)

    @property
    def high(self):
        return math.exp(self.logarithm.mean + self.logarithm.half)

    def text(self, pattern="{:.3g}"):
        """`mean (low to high)`.

        >>> Ratio(Estimate(math.log(10), math.log(2), 5)).text()
        '10 (5 to 20)'
        """
        mean, low, high = (pattern.format(value) for value in (self.mean, self.low, self.high))
        return f"{mean} ({low} to {high})"


def geometric(values, comparisons=1):
    """The `Ratio` of positive values, one for each seed.

    >>> round(geometric([1.0, 100.0]).mean, 6)
    10.0
    """
    return Ratio(estimate([math.log(value) for value in values], comparisons))


def ratio(ones, others, comparisons=1):
    """The `Ratio` of `one / other`, paired: entry by entry of the same seed.

    >>> ratio([10.0, 40.0], [1.0, 4.0]).text()
    '10 (10 to 10)'
    """
    logarithms = [[math.log(value) for value in values] for values in (ones, others)]
    return Ratio(difference(*logarithms, comparisons))
