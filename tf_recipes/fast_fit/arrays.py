"""Looks at the arrays that `fit` gets: their rows, their size on the device, their parts.

Nothing here depends on the backend of Keras.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

# Steps of one call of the loop. The call itself takes as much time as two or three steps.
LONGEST = 500
PATIENCE = 0.5  # seconds that one call should take at most: Ctrl-C has no effect before its end


def count(arrays: Any) -> int:
    """Returns the number of rows of the arrays."""
    return len(next(array for array in keras.tree.flatten(arrays) if array is not None))


def row_bytes(arrays: Any) -> int:
    """Returns how many bytes one row of all arrays takes on the device."""
    return sum(
        int(np.prod(array.shape[1:])) * dtype(array).itemsize
        for array in keras.tree.flatten(arrays)
        if array is not None
    )


def are_supported(arrays: Any) -> bool:
    """Returns whether the loop takes these arrays.

    The leaves must be NumPy arrays or tensors of numbers, all with the same number of rows, and
    with at least one row.
    """
    flat = [array for array in keras.tree.flatten(arrays) if array is not None]
    if not flat or not all(_is_array(array) and array.shape for array in flat):
        return False
    lengths = {len(array) for array in flat}
    return len(lengths) == 1 and lengths != {0} and all(dtype(a).kind in "fiub" for a in flat)


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


def dtype(array: Any) -> np.dtype[Any]:
    """Returns the dtype on the device: Keras converts every float to `floatx`."""
    # TensorFlow's dtypes are not NumPy's.
    found = np.dtype(getattr(array.dtype, "as_numpy_dtype", array.dtype))
    return np.dtype(keras.config.floatx()) if found.kind == "f" else found


def _is_array(array: Any) -> bool:
    # A sparse or ragged tensor of TensorFlow is no array.
    return isinstance(array, np.ndarray) or (
        keras.ops.is_tensor(array) and hasattr(type(array), "__array__")
    )
