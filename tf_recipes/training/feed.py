"""Feeds the rows of arrays to the compiled loop, in any order."""

import math
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes.distribution.single_process import SingleProcess
from tf_recipes.fast_fit import batches

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
        self._loop = (job or SingleProcess()).loop(model, kind)
        self._holder = batches.holder((x, y, None), batch_size, model.memory_budget)

    def __call__(self, order: tf.Tensor, start: int, stop: int) -> dict[str, float]:
        """Runs the steps `start` to `stop - 1`; returns the metrics so far.

        Args:
            order: int64 tensor, the numbers of the rows in the order of training.
            start: int, the first step.
            stop: int, above `start`.
        """
        logs = self._loop(self._holder, order, self.batch_size, start, stop)
        return {key: float(value) for key, value in logs.items()}

    def batch(self, order: tf.Tensor, step: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Returns the images and the labels of one step."""
        rows = order[step * self.batch_size : (step + 1) * self.batch_size].numpy()
        return self.x[rows], self.y[rows]
