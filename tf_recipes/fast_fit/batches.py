"""Gathers the batches of the compiled loop from arrays.

`Resident` holds whole arrays on the device; `Streamed` copies the rows of a few steps at a time to
it. From these tensors `gather` takes the rows of each batch, inside the compiled loop.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_recipes.fast_fit import operations
from tf_recipes.fast_fit.arrays import LONGEST, count, dtype, row_bytes
from tf_recipes.fast_fit.copies import Copies


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
        kept: the `Copies` of a model, see `copies`; None to copy the arrays.

    Attributes:
        steps: int, the most steps of one chunk.
        bytes: int, the memory that the tensors take on the device.
    """

    steps = LONGEST

    def __init__(self, arrays: Any, kept: Copies | None = None) -> None:
        self._tensors = keras.tree.map_structure(kept.of if kept else _tensor, arrays)
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


def holder(
    arrays: Any, batch_size: int, memory_budget: int, kept: Copies | None = None
) -> Resident | Streamed:
    """Returns a `Resident` if the arrays fit into `memory_budget` bytes, else a `Streamed`."""
    if row_bytes(arrays) * count(arrays) <= memory_budget:
        return Resident(arrays, kept)
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
        lambda a: None if a is None else tf.TensorSpec((rows, *a.shape[1:]), dtype(a)), arrays
    )


def copies() -> Copies:
    """Returns a new `Copies` of arrays on this backend's device."""
    return Copies(_tensor, _memory)


def _memory(tensor: tf.Tensor) -> Any:
    """Returns the memory of a tensor, where it is on the processor."""
    is_here = tf.DeviceSpec.from_string(tensor.device).device_type == "CPU"
    return np.asarray(memoryview(tensor)) if is_here else None


def _tensor(array: Any) -> tf.Tensor | None:
    if array is None:
        return None
    if isinstance(array, tf.Tensor):
        return tf.cast(array, dtype(array))
    return tf.convert_to_tensor(np.asarray(array, dtype(array)))
