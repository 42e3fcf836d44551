"""Arrays on their way to the compiled loop: all at once, or a chunk of steps at a time."""

import keras
import numpy as np
import tensorflow as tf

LONGEST = 500  # steps of one call of the loop; the call itself takes as long as two or three


class Resident:
    """Arrays held on the device as tensors; batches are gathered inside the compiled loop.

    Args:
        arrays: a structure of arrays with the same number of rows; None where there is none.
    """

    steps = LONGEST  # of one chunk

    def __init__(self, arrays):
        self._tensors = keras.tree.map_structure(_tensor, arrays)
        self.bytes = row_bytes(arrays) * count(arrays)  # on the device

    def chunk(self, order, start, stop):
        """The data, which of its rows are wanted in turn, and the place of `order[start]` there."""
        return self._tensors, order, start


class Streamed:
    """Arrays left where they are; each chunk's rows are copied to the device for it.

    Args:
        arrays: as for `Resident`; `numpy.memmap` serves.
        batch_size: int, rows of one step.
        memory_budget: int, bytes that a chunk may take; it holds one step at least.
    """

    def __init__(self, arrays, batch_size, memory_budget):
        self._arrays = arrays
        self.steps = max(1, min(LONGEST, memory_budget // (batch_size * row_bytes(arrays))))
        self._rows = self.steps * batch_size
        self.bytes = row_bytes(arrays) * self._rows

    def chunk(self, order, start, stop):
        rows = order[start:stop].numpy()
        # always as many, because the loop is compiled for a shape
        rows = np.pad(rows, (0, self._rows - len(rows)), mode="edge")
        data = keras.tree.map_structure(
            lambda array: None if array is None else _tensor(array[rows]), self._arrays
        )
        return data, tf.range(self._rows, dtype=tf.int64), 0


def holder(arrays, batch_size, memory_budget):
    """`Resident` where the arrays fit into `memory_budget` bytes, else `Streamed`."""
    if row_bytes(arrays) * count(arrays) <= memory_budget:
        return Resident(arrays)
    return Streamed(arrays, batch_size, memory_budget)


def gather(data, rows):
    """The rows that `rows` names, of each tensor in the structure `data`."""
    return keras.tree.map_structure(
        lambda tensor: None if tensor is None else tf.gather(tensor, rows), data
    )


def count(arrays):
    """Rows of the arrays."""
    return len(next(array for array in keras.tree.flatten(arrays) if array is not None))


def first_row(arrays):
    """The first row of each array, as a tensor (1, ...)."""
    return keras.tree.map_structure(lambda a: None if a is None else _tensor(a[:1]), arrays)


def row_bytes(arrays):
    """Bytes that one row of all arrays takes on the device."""
    return sum(
        int(np.prod(array.shape[1:])) * _dtype(array).itemsize
        for array in keras.tree.flatten(arrays)
        if array is not None
    )


def fit_for_loop(arrays):
    """Whether these are NumPy arrays or tensors of numbers, all with the same rows, and some."""
    flat = [array for array in keras.tree.flatten(arrays) if array is not None]
    kinds = all(isinstance(array, np.ndarray | tf.Tensor) and array.shape for array in flat)
    if not flat or not kinds:
        return False
    lengths = {len(array) for array in flat}
    return len(lengths) == 1 and lengths != {0} and all(_dtype(a).kind in "fiub" for a in flat)


def split(arrays, share):
    """The first rows, and the last `share` of them, as Keras' `validation_split`."""
    at = split_at(arrays, share)
    return tuple(
        keras.tree.map_structure(lambda a, part=part: None if a is None else a[part], arrays)
        for part in (slice(at), slice(at, None))
    )


def split_at(arrays, share):
    """How many rows are left where the last `share` is held out."""
    return int(np.floor(count(arrays) * (1.0 - share)))


def class_weights(labels, class_weight):
    """A weight for each label, floatx (n,): that of its class, 1 where it has none."""
    labels = np.asarray(labels)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] != 1 else labels[..., 0]
    classes, places = np.unique(np.round(labels).astype(int), return_inverse=True)
    weights = np.array([class_weight.get(int(k), 1.0) for k in classes], keras.config.floatx())
    return weights[places]


def _dtype(array):
    """The dtype on the device: Keras makes every float `floatx`."""
    dtype = np.dtype(array.dtype.as_numpy_dtype if isinstance(array, tf.Tensor) else array.dtype)
    return np.dtype(keras.config.floatx()) if dtype.kind == "f" else dtype


def _tensor(array):
    if array is None:
        return None
    if isinstance(array, tf.Tensor):
        return tf.cast(array, _dtype(array))
    return tf.convert_to_tensor(np.asarray(array, _dtype(array)))
