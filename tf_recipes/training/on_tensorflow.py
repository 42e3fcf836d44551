"""Runs the compiled loop on TensorFlow, and computes the gradients of one batch there."""

from typing import Any

import keras
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from tf_recipes.fast_fit import batches


class ArrayFeed:
    """Runs a loop over the rows of arrays, in any order.

    Args:
        loop: the compiled loop of `model`, a `fast_fit.loop.Loop` or a `DistributedLoop`.
        model: a `FastFitModel`.
        kind: `"train"` or `"test"`, the kind of the loop.
        arrays: a structure of arrays with the same number of rows; a leaf may be None.
        batch_size: int.
    """

    def __init__(self, loop: Any, model: Any, kind: str, arrays: Any, batch_size: int) -> None:
        self._loop, self._batch_size = loop, batch_size
        self._holder = batches.holder(arrays, batch_size, model.memory_budget)
        self._order: tuple[Any, Any] = None, None  # as given, and as a tensor

    def __call__(self, order: NDArray[Any], start: int, stop: int) -> dict[str, float]:
        """Runs the steps `start` to `stop - 1`; returns the metrics so far.

        Args:
            order: int64 (n,), the numbers of the rows in the order of training.
            start: int, the first step.
            stop: int, above `start`.
        """
        if order is not self._order[0]:
            self._order = order, tf.constant(order, tf.int64)
        logs = self._loop(self._holder, self._order[1], self._batch_size, start, stop)
        return {key: float(value) for key, value in logs.items()}


def gradients(
    model: Any, probe: keras.Model, x: ArrayLike, y: ArrayLike, training: bool
) -> tuple[list[Any], Any, list[Any]]:
    """Returns the outputs of each layer for a batch, the loss, and the gradient of each weight.

    Args:
        model: a compiled, functional `keras.Model`.
        probe: a model with the inputs of `model`; its outputs are a list of those of the layers,
            and the output of `model`.
        x: the images of the batch.
        y: the labels of the batch.
        training: whether the layers run as in training. Without it there are no gradients.
    """
    with tf.GradientTape() as tape:
        outputs, predicted = probe(x, training=training)
        loss = model.compute_loss(x=x, y=y, y_pred=predicted, training=training)
    if not training:
        return outputs, loss, []
    found = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    return outputs, loss, [None if each is None else tf.convert_to_tensor(each) for each in found]
