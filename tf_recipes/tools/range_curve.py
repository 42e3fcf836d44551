"""Suggests a learning rate from the losses of a range test."""

import math
from typing import Any

import numpy as np

from tf_recipes._support import extras

WINDOW = 10  # the fewest batches before the average is judged
SCATTERS = 7  # the average must fall by this many of its own standard deviations
MARGIN = 10  # the rate of the lowest loss, divided by the suggested rate


class RangeCurve:
    """Records rate and loss of each batch of a range test, and suggests a learning rate.

    The suggestion is a tenth of the rate at which the moving average of the loss is lowest. Above
    this rate training starts to diverge. Another rule in use takes the rate of the steepest
    descent; this rate becomes lower when the test has more batches, because the loss then falls
    earlier. Neither rule is in the papers, which read a range off the figure: the tenth is
    folklore.

    TF1: nothing was built in.

    Args:
        smoothing: float in [0, 1), the decay of the moving average.

    Attributes:
        rates, losses: lists of floats, one float for each batch.
        smoothed: list of floats, the moving average, corrected for its start at zero. It ends
            before a loss that is infinite or NaN.
        window: int, how many batches the average covers. Earlier averages are not judged.

    >>> curve = RangeCurve(smoothing=0.0)
    >>> for k in range(40):  # the loss falls up to the rate 10^-1, then it rises
    ...     curve.add(10 ** (k / 10 - 4), abs(k - 30))
    >>> round(curve.suggestion, 6)
    0.01

    References:
        Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.
    """

    def __init__(self, smoothing: float) -> None:
        self.smoothing = smoothing
        self.window = max(WINDOW, round(1 / (1 - smoothing)))
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.smoothed: list[float] = []
        self._average = 0.0

    def add(self, rate: float, loss: float) -> None:
        """Records the rate and the loss of a batch."""
        self.rates.append(rate)
        self.losses.append(loss)
        if math.isfinite(loss):
            # s <- beta s + (1 - beta) l,  and the mean is s / (1 - beta^k)
            self._average = self.smoothing * self._average + (1 - self.smoothing) * loss
            self.smoothed.append(self._average / (1 - self.smoothing ** len(self.losses)))

    def diverged(self, factor: float | None) -> bool:
        """Returns whether the average exceeds `factor` times its minimum or the loss is not finite.

        With None for `factor` only a loss that is not finite counts.
        """
        if self.losses and not math.isfinite(self.losses[-1]):
            return True
        if factor is None or len(self.smoothed) <= self.window:
            return False
        best = self.smoothed[self._lowest()]
        return self.smoothed[-1] > best + (factor - 1) * abs(best)

    @property
    def best_rate(self) -> float | None:
        """Returns the rate of the lowest average; None for fewer batches than the window."""
        return None if len(self.smoothed) < self.window else self.rates[self._lowest()]

    @property
    def suggestion(self) -> float | None:
        """Returns the suggested learning rate; None if there is none, see `reason`."""
        best_rate = self.best_rate
        return None if self.reason or best_rate is None else best_rate / MARGIN

    @property
    def reason(self) -> str:
        """Returns the reason why there is no suggestion; empty if there is a suggestion."""
        if len(self.smoothed) <= self.window:
            return f"{len(self.smoothed)} finite losses, and more than {self.window} are needed"
        # If losses scatter by sigma, the differences of successive losses scatter by sqrt(2) sigma
        # for any trend, and the average scatters by sigma sqrt((1 - beta) / (1 + beta)). In about
        # one test of a hundred, the average falls by seven times as much by chance.
        scatter = np.std(np.diff(self.losses[: self.window]), ddof=1) / math.sqrt(2)
        scatter *= math.sqrt((1 - self.smoothing) / (1 + self.smoothing))
        if self.smoothed[self._lowest()] >= self.smoothed[self.window - 1] - SCATTERS * scatter:
            return "the loss never fell by more than it scatters from batch to batch"
        if self._lowest() == len(self.losses) - 1:
            return f"the loss was still falling at the last rate, {self.rates[-1]:.2g}"
        return ""

    def figure(self) -> Any:
        """Returns a Matplotlib `Figure` of the loss over the rate, with the suggestion."""
        extras.require("plots")
        # Imported here, because the import is slow. Without pyplot, the backend that the caller
        # chose stays as it is.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        view = Figure(figsize=(6.4, 4.2), layout="constrained", dpi=120)
        FigureCanvasAgg(view)
        axes = view.subplots()
        axes.plot(self.rates, self.losses, ".", color="0.6", label="each batch")
        axes.plot(self.rates[: len(self.smoothed)], self.smoothed, label="moving average")
        suggestion = self.suggestion
        if suggestion is None:
            axes.set_title(f"no suggestion: {self.reason}", fontsize=9)
        else:
            text = f"suggested: {suggestion:.2g}"
            axes.axvline(suggestion, color="#D55E00", linestyle="--", label=text)
        axes.set(xscale="log", xlabel="learning rate", ylabel="training loss of a batch")
        axes.set_ylim(self.limits())
        axes.grid(alpha=0.3, which="both")
        axes.legend()
        return view

    def limits(self) -> tuple[float, float]:
        """Returns the ends of an axis for the loss, which does not show the divergence in full."""
        finite = [loss for loss in self.losses if math.isfinite(loss)] or [0.0]
        shown = finite[: self._lowest() + 1] if len(self.smoothed) >= self.window else finite
        low, high = min(shown), max(shown)
        margin = max(high - low, 1e-6)
        return low - 0.1 * margin, high + 0.5 * margin

    def _lowest(self) -> int:
        """Returns the index of the lowest average, from the first full window on."""
        start = self.window - 1
        return start + int(np.argmin(self.smoothed[start:]))
