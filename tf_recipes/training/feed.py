"""Feeds the rows of arrays to the compiled loop, in any order."""

import math
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from tf_recipes.distribution.single_process import SingleProcess
from tf_recipes.training import backend

if TYPE_CHECKING:
    from tf_recipes.distribution.job import Job
    from tf_recipes.fast_fit.model import FastFitModel


class Feed:
    """Holds images and labels, and runs the compiled loop over them.

    Args:
        model: a `FastFitModel`.
        kind: `"train"` or `"test"`.
        x, y: arrays with the same number of rows.
        batch_size: int.
        job: a `distribution.job.Job`, or a `SingleProcess`.
    """

    def __init__(
        self,
        model: "FastFitModel",
        kind: str,
        x: NDArray[Any],
        y: NDArray[Any],
        batch_size: int,
        job: "Job | SingleProcess | None" = None,
    ) -> None:
        self.x, self.y, self.batch_size = x, y, batch_size
        self.steps = math.ceil(len(y) / batch_size)
        loop = (job or SingleProcess()).loop(model, kind)
        self._run = backend.module().ArrayFeed(loop, model, kind, (x, y, None), batch_size)

    def __call__(self, order: NDArray[Any], start: int, stop: int) -> dict[str, float]:
        """Runs the steps `start` to `stop - 1`; returns the metrics so far.

        Args:
            order: int64 (n,), the numbers of the rows in the order of training.
            start: int, the first step.
            stop: int, above `start`.
        """
        return self._run(order, start, stop)

    def batch(self, order: NDArray[Any], step: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Returns the images and the labels of one step."""
        rows = order[step * self.batch_size : (step + 1) * self.batch_size]
        return self.x[rows], self.y[rows]
