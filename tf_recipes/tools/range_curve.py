"""The loss over a rising learning rate, and the rate that it suggests."""

import math

import numpy as np

WINDOW = 10  # batches, at least, before the average is judged
SCATTERS = 7  # a fall is more than so many standard deviations of the average, before it falls
MARGIN = 10  # the suggestion is so many times below the rate of the lowest loss


class RangeCurve:
    """What a range test records, batch by batch.

    The suggestion is a tenth of the rate at which the moving average of the loss is lowest. That
    rate marks where training starts to break. The other rule in use, the rate of the steepest
    descent, moves down as the test has more batches, because the loss then falls earlier. Neither
    is in the papers, which read a range off the figure: the tenth is folklore.

    TF1: nothing was built in.

    Args:
        smoothing: float in [0, 1), the decay of the moving average.

    Attributes:
        rates, losses: lists of floats, one for each batch.
        smoothed: list of floats, the moving average, corrected for its start at zero; it ends
            before a loss that is infinite or not a number.
        window: int, how many batches the average covers; it is judged from there on.

    >>> curve = RangeCurve(smoothing=0.0)
    >>> for k in range(40):  # it falls up to 10^-1, then it rises
    ...     curve.add(10 ** (k / 10 - 4), abs(k - 30))
    >>> round(curve.suggestion, 6)
    0.01

    References:
        Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.
    """

    def __init__(self, smoothing):
        self.smoothing = smoothing
        self.window = max(WINDOW, round(1 / (1 - smoothing)))
        self.rates, self.losses, self.smoothed = [], [], []
        self._average = 0.0

    def add(self, rate, loss):
        """Takes note of a batch: its rate and its own loss."""
        self.rates.append(rate)
        self.losses.append(loss)
        if math.isfinite(loss):
            # s <- beta s + (1 - beta) l,  and the mean is s / (1 - beta^k)
            self._average = self.smoothing * self._average + (1 - self.smoothing) * loss
            self.smoothed.append(self._average / (1 - self.smoothing ** len(self.losses)))

    def diverged(self, factor):
        """Whether the average is `factor` times its lowest, or the loss is not finite."""
        if self.losses and not math.isfinite(self.losses[-1]):
            return True
        if factor is None or len(self.smoothed) <= self.window:
            return False
        best = self.smoothed[self._lowest()]
        return self.smoothed[-1] > best + (factor - 1) * abs(best)

    @property
    def best_rate(self):
        """The rate at which the average is lowest, or None before the window is full."""
        return None if len(self.smoothed) < self.window else self.rates[self._lowest()]

    @property
    def suggestion(self):
        """A learning rate; or None, and `reason` says why."""
        return None if self.reason else self.best_rate / MARGIN

    @property
    def reason(self):
        """Why there is no suggestion; empty if there is one."""
        if len(self.smoothed) <= self.window:
            return f"{len(self.smoothed)} finite losses, and more than {self.window} are needed"
        # Losses that scatter by sigma differ by sqrt(2) sigma from the next, whatever their trend;
        # their average scatters by sigma sqrt((1 - beta) / (1 + beta)). By chance it falls by
        # seven times as much in about one test of a hundred.
        scatter = np.std(np.diff(self.losses[: self.window]), ddof=1) / math.sqrt(2)
        scatter *= math.sqrt((1 - self.smoothing) / (1 + self.smoothing))
        if self.smoothed[self._lowest()] >= self.smoothed[self.window - 1] - SCATTERS * scatter:
            return "the loss never fell by more than it scatters from batch to batch"
        if self._lowest() == len(self.losses) - 1:
            return f"the loss was still falling at the last rate, {self.rates[-1]:.2g}"
        return ""

    def figure(self):
        """The loss over the rate, with the suggestion: a Matplotlib `Figure`."""
        # The figure by itself, without pyplot, leaves the caller's backend alone; late: it is slow.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        view = Figure(figsize=(6.4, 4.2), layout="constrained", dpi=120)
        FigureCanvasAgg(view)
        axes = view.subplots()
        axes.plot(self.rates, self.losses, ".", color="0.6", label="each batch")
        axes.plot(self.rates[: len(self.smoothed)], self.smoothed, label="moving average")
        if self.reason:
            axes.set_title(f"no suggestion: {self.reason}", fontsize=9)
        else:
            text = f"suggested: {self.suggestion:.2g}"
            axes.axvline(self.suggestion, color="#D55E00", linestyle="--", label=text)
        axes.set(xscale="log", xlabel="learning rate", ylabel="training loss of a batch")
        axes.set_ylim(self.limits())
        axes.grid(alpha=0.3, which="both")
        axes.legend()
        return view

    def limits(self):
        """The lower and upper end of an axis for the loss: what diverged does not press it flat."""
        finite = [loss for loss in self.losses if math.isfinite(loss)] or [0.0]
        shown = finite[: self._lowest() + 1] if len(self.smoothed) >= self.window else finite
        low, high = min(shown), max(shown)
        margin = max(high - low, 1e-6)
        return low - 0.1 * margin, high + 0.5 * margin

    def _lowest(self):
        """Where the average is lowest, once its window is full."""
        start = self.window - 1
        return start + int(np.argmin(self.smoothed[start:]))
