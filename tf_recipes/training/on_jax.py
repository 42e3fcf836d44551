"""Runs the compiled loop on JAX, and computes the gradients of one batch there."""

from typing import Any

import jax
import keras
from numpy.typing import ArrayLike, NDArray

from tf_recipes.fast_fit import jax_data


class ArrayFeed:
    """Runs a loop over the rows of arrays, in any order.

    On this backend the loop takes the state of a training and returns the next one, so the state is
    read from the model's variables before each call and written to them after it.

    Args:
        loop: the compiled loop of `model`, a `fast_fit.jax_engine.Loop`.
        model: a `FastFitModel`, whose optimizer and metrics have their variables.
        kind: `"train"` or `"test"`, the kind of the loop.
        arrays: a structure of arrays with the same number of rows; a leaf may be None.
        batch_size: int.
    """

    def __init__(self, loop: Any, model: Any, kind: str, arrays: Any, batch_size: int) -> None:
        self._loop, self._model, self._batch_size = loop, model, batch_size
        self._trains = kind == "train"
        self._holder = jax_data.holder(arrays, batch_size, model.memory_budget, jax_data.copies())
        self._order: tuple[Any, Any] = None, None  # as given, and on the device

    def __call__(self, order: NDArray[Any], start: int, stop: int) -> dict[str, float]:
        """Runs the steps `start` to `stop - 1`; returns the metrics so far.

        Args:
            order: int64 (n,), the numbers of the rows in the order of training.
            start: int, the first step.
            stop: int, above `start`.
        """
        if order is not self._order[0]:
            self._order = order, self._holder.order(order)
        variables = self._variables()
        state = tuple([variable.value for variable in each] for each in variables)
        logs, state = self._loop(state, self._holder, self._order[1], self._batch_size, start, stop)
        for each, values in zip(variables, state, strict=True):
            for variable, value in zip(each, values, strict=True):
                variable.assign(value)
        return {key: float(value) for key, value in logs.items()}

    def _variables(self) -> list[list[Any]]:
        """Returns the variables of the state, in the order of Keras' stateless steps."""
        model = self._model
        optimizer = [model.optimizer.variables] if self._trains else []
        return [
            model.trainable_variables,
            model.non_trainable_variables,
            *optimizer,
            model.metrics_variables,
        ]


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
    variables = model.trainable_variables

    def loss_and_outputs(values: Any) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            outputs, predicted = probe(x, training=training)
            loss = model.compute_loss(x=x, y=y, y_pred=predicted, training=training)
        return loss, outputs

    values = [variable.value for variable in variables]
    if not training:
        loss, outputs = loss_and_outputs(values)
        return outputs, loss, []
    (loss, outputs), found = jax.value_and_grad(loss_and_outputs, has_aux=True)(values)
    return outputs, loss, found
