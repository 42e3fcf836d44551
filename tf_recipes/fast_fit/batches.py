"""Gathers the batches of the compiled loop from arrays.

`Resident` holds whole arrays on the device; `Streamed` copies the rows of a few steps at a time to
it. From these tensors `gather` takes the rows of each batch, inside the compiled loop.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from tf_recipes.fast_fit import operations

# Steps of one call of the loop. The call itself takes as much time as two or three steps.
LONGEST = 500


class _Rows:
    """Says of arrays whether their values are numbers of classes."""

    def __init__(self, arrays: Any) -> None:
        self._leaves = keras.tree.flatten(arrays)
        self._ranges: dict[int, tuple[Any, Any]] = {}

    def are_classes(self, leaf: int, classes: int) -> bool:
        """Returns whether every value is the number of a class.

        Args:
            leaf: int, the place of an array among the leaves of the structure.
            classes: int, the number of classes.
        """
        if leaf not in self._ranges:
            self._ranges[leaf] = np.min(self._leaves[leaf]), np.max(self._leaves[leaf])
        least, largest = self._ranges[leaf]
        return bool(least >= 0 and largest < classes)  # also False for NaN


class Resident(_Rows):
    """Holds arrays on the device as tensors.

    Args:
        arrays: a structure of arrays with the same number of rows; a leaf may be None.

    Attributes:
        steps: int, the most steps of one chunk.
        bytes: int, the memory that the tensors take on the device.
    """

    steps = LONGEST

    def __init__(self, arrays: Any) -> None:
        self._tensors = keras.tree.map_structure(_tensor, arrays)
        super().__init__(self._tensors)
        self.bytes = row_bytes(arrays) * count(arrays)

    def chunk(self, order: tf.Tensor, start: int, stop: int) -> tuple[Any, tf.Tensor, int]:
        """Returns tensors, the rows of them to visit in order, and the place to begin there.

        Args:
            order: int64 tensor, the rows in the epoch's order.
            start, stop: int, the part of `order` that the chunk visits.
        """
        return self._tensors, order, start


class Streamed(_Rows):
    """Copies the rows of one chunk of steps at a time from arrays to the device.

    Args:
        arrays: as for `Resident`; an array may be a `numpy.memmap`.
        batch_size: int, rows of one step.
        memory_budget: int, bytes that a chunk may take. A chunk has at least one step.

    Attributes:
        steps: int, the most steps of one chunk.
        bytes: int, the memory that a chunk takes on the device.
    """

    def __init__(self, arrays: Any, batch_size: int, memory_budget: int) -> None:
        super().__init__(arrays)
        self._arrays = arrays
        self.steps = max(1, min(LONGEST, memory_budget // (batch_size * row_bytes(arrays))))
        self._rows = self.steps * batch_size
        self.bytes = row_bytes(arrays) * self._rows

    def chunk(self, order: tf.Tensor, start: int, stop: int) -> tuple[Any, tf.Tensor, int]:
        """Returns new tensors with the rows `order[start:stop]`; else as `Resident.chunk`."""
        rows = order[start:stop].numpy()
        # The same number of rows in each chunk, because the loop is compiled for a shape.
        rows = np.pad(rows, (0, self._rows - len(rows)), mode="edge")
        data = keras.tree.map_structure(
            lambda array: None if array is None else _tensor(array[rows]), self._arrays
        )
        return data, tf.range(self._rows, dtype=tf.int64), 0


def holder(arrays: Any, batch_size: int, memory_budget: int) -> Resident | Streamed:
    """Returns a `Resident` if the arrays fit into `memory_budget` bytes, else a `Streamed`."""
    if row_bytes(arrays) * count(arrays) <= memory_budget:
        return Resident(arrays)
    return Streamed(arrays, batch_size, memory_budget)


def gather(data: Any, rows: tf.Tensor) -> Any:
    """Gathers a batch: returns the given rows of each tensor in the structure `data`.

    In a graph, the names of the operations say which leaf they gather; see `operations`.
    """
    leaves = keras.tree.flatten(data)
    with operations.ours():
        batch = [
            None if leaf is None else tf.gather(leaf, rows, name=operations.leaf_name(number))
            for number, leaf in enumerate(leaves)
        ]
    return keras.tree.pack_sequence_as(data, batch)


def specs(arrays: Any, rows: int) -> Any:
    """Returns a `tf.TensorSpec` for `rows` rows of each array."""
    return keras.tree.map_structure(
        lambda a: None if a is None else tf.TensorSpec((rows, *a.shape[1:]), _dtype(a)), arrays
    )


def count(arrays: Any) -> int:
    """Returns the number of rows of the arrays."""
    return len(next(array for array in keras.tree.flatten(arrays) if array is not None))


def row_bytes(arrays: Any) -> int:
    """Returns how many bytes one row of all arrays takes on the device."""
    return sum(
        int(np.prod(array.shape[1:])) * _dtype(array).itemsize
        for array in keras.tree.flatten(arrays)
        if array is not None
    )


def are_supported(arrays: Any) -> bool:
    """Returns whether the loop takes these arrays.

    The leaves must be NumPy arrays or tensors of numbers, all with the same number of rows, and
    with at least one row.
    """
    flat = [array for array in keras.tree.flatten(arrays) if array is not None]
    kinds = all(isinstance(array, np.ndarray | tf.Tensor) and array.shape for array in flat)
    if not flat or not kinds:
        return False
    lengths = {len(array) for array in flat}
    return len(lengths) == 1 and lengths != {0} and all(_dtype(a).kind in "fiub" for a in flat)


def split(arrays: Any, share: float) -> tuple[Any, Any]:
    """Splits off the last `share` of the rows, as Keras' `validation_split` does."""
    at = split_at(arrays, share)
    first, last = (
        keras.tree.map_structure(lambda a, part=part: None if a is None else a[part], arrays)
        for part in (slice(at), slice(at, None))
    )
    return first, last


def split_at(arrays: Any, share: float) -> int:
    """Returns how many rows remain if the last `share` is held out."""
    return int(np.floor(count(arrays) * (1.0 - share)))


def class_weights(labels: ArrayLike, class_weight: Mapping[int, float]) -> NDArray[np.floating]:
    """Returns the weight of each label's class, 1 for a class without a weight.

    Args:
        labels: numbers of classes (n,) or (n, 1), or one-hot rows (n, classes).
        class_weight: `{class: weight}`.

    Returns:
        An array (n,) of Keras' float type.
    """
    labels = np.asarray(labels)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] != 1 else labels[..., 0]
    classes, places = np.unique(np.round(labels).astype(int), return_inverse=True)
    weights = np.array([class_weight.get(int(k), 1.0) for k in classes], keras.config.floatx())
    return weights[places]


def _dtype(array: Any) -> np.dtype[Any]:
    """Returns the dtype on the device: Keras converts every float to `floatx`."""
    dtype = np.dtype(array.dtype.as_numpy_dtype if isinstance(array, tf.Tensor) else array.dtype)
    return np.dtype(keras.config.floatx()) if dtype.kind == "f" else dtype


def _tensor(array: Any) -> tf.Tensor | None:
    if array is None:
        return None
    if isinstance(array, tf.Tensor):
        return tf.cast(array, _dtype(array))
    return tf.convert_to_tensor(np.asarray(array, _dtype(array)))
