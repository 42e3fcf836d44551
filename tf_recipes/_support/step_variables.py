"""Creates the variables that a compiled model gets in its first training step."""

import keras
import numpy as np
from numpy.typing import NDArray

_LABELS = np.zeros((1,), "int64")


def create(model: keras.Model, labels: NDArray[np.generic] = _LABELS) -> None:
    """Creates the variables of the optimizer and the metrics of a model, where there are none.

    In `fit`, Keras on TensorFlow would trace the first step once to create them and once more.

    Args:
        model: a compiled, built `keras.Model` with one output.
        labels: at least one label, from which the metrics learn their shapes.
    """
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    for metric in model.metrics:
        if not getattr(metric, "built", True):
            metric.build(labels[:1], np.zeros((1, *model.output_shape[1:]), "float32"))
