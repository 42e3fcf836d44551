"""Holds the arrays of `fit` on JAX's devices, and gathers batches from them inside the loop."""

from typing import Any

import jax
import keras
import numpy as np
from jax import lax
from jax import numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec

from tf_recipes.fast_fit import arrays as data_arrays
from tf_recipes.fast_fit.copies import Copies

# Steps of one call. A GPU runs 20,000 steps of a small net in a second, and a call costs as much as
# some of them.
LONGEST = 10_000
STREAMED = 500  # steps whose rows are copied at a time


def taken(leaf: Any, rows: Any) -> Any:
    """Gathers rows of an array."""
    return leaf.at[rows].get(mode="promise_in_bounds")


def shared_out(batch: Any) -> Any:
    """Gives each device of a `keras.distribution.DataParallel` its rows of a batch."""
    sharding = _sharding(batch=True)
    if sharding is None or batch.shape[0] % sharding.mesh.size:
        return batch
    return lax.with_sharding_constraint(batch, sharding)


def replicated(value: Any) -> Any:
    """Gives each device of a distribution the whole value."""
    sharding = _sharding(batch=False)
    return value if sharding is None else lax.with_sharding_constraint(value, sharding)


def _sharding(batch: bool) -> NamedSharding | None:
    """Returns how arrays lie on the devices of a distribution; None without a distribution."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return None
    mesh = distribution.device_mesh.backend_mesh
    return NamedSharding(mesh, PartitionSpec(*[distribution.batch_dim_name] * batch))


def _on_device(array: Any) -> Any:
    """Returns the array on the device, in Keras' dtype; a distribution's devices get all of it."""
    if array is None:
        return None
    kind = data_arrays.dtype(array)
    if array.dtype != kind:
        array = array.astype(kind)
    sharding = _sharding(batch=False)
    return jnp.asarray(array) if sharding is None else jax.device_put(array, sharding)


def _specs(arrays: Any, rows: int) -> Any:
    """Returns a `jax.ShapeDtypeStruct` for `rows` rows of each array."""

    def spec(array: Any) -> jax.ShapeDtypeStruct | None:
        if array is None:
            return None
        kind = jax.dtypes.canonicalize_dtype(data_arrays.dtype(array))
        return jax.ShapeDtypeStruct((rows, *array.shape[1:]), kind)

    return keras.tree.map_structure(spec, arrays)


def copies() -> Copies:
    """Returns a new `Copies` of arrays on this backend's devices."""
    return Copies(_on_device, _memory)


def _memory(placed: Any) -> Any:
    """Returns the memory of an array on the device, where that is the processor."""
    return np.asarray(placed) if jax.default_backend() == "cpu" else None


class Resident:
    """Holds arrays on the device.

    Args:
        arrays: a structure of arrays with the same number of rows; a leaf may be None.
        copies: the `Copies` of the model, see `copies`.

    Attributes:
        count: int, the number of rows.
        steps: int, the most steps of one chunk.
        bytes: int, the memory that the arrays take on the device.
    """

    steps = LONGEST

    def __init__(self, arrays: Any, copies: Copies) -> None:
        self.count = data_arrays.count(arrays)
        self.bytes = data_arrays.row_bytes(arrays) * self.count
        self._arrays = keras.tree.map_structure(copies.of, arrays)

    def order(self, rows: np.ndarray[Any, Any]) -> Any:
        """Returns the order of an epoch in the form that `chunk` takes."""
        return _on_device(rows.astype(np.int32))

    def specs(self, rows: int) -> Any:
        """Returns a structure of `jax.ShapeDtypeStruct`, a batch of `rows` rows."""
        return _specs(self._arrays, rows)

    def chunk(self, order: Any, start: int, length: int) -> tuple[Any, Any, int]:
        """Returns arrays, the rows of them to visit in order, and the place to begin there."""
        return self._arrays, order, start


class Streamed:
    """Copies the rows of one chunk of steps at a time from arrays to the device.

    Args:
        arrays: as for `Resident`; an array may be a `numpy.memmap`.
        batch_size: int, rows of one step.
        memory_budget: int, bytes that a chunk may take. A chunk has at least one step.
    """

    def __init__(self, arrays: Any, batch_size: int, memory_budget: int) -> None:
        self.count = data_arrays.count(arrays)
        self._arrays = arrays
        step = batch_size * data_arrays.row_bytes(arrays)
        self.steps = max(1, min(STREAMED, memory_budget // step))
        self._rows = self.steps * batch_size
        self.bytes = data_arrays.row_bytes(arrays) * self._rows

    def order(self, rows: np.ndarray[Any, Any]) -> Any:
        """Returns the order of an epoch in the form that `chunk` takes."""
        return rows

    def specs(self, rows: int) -> Any:
        """Returns a structure of `jax.ShapeDtypeStruct`, a batch of `rows` rows."""
        return _specs(self._arrays, rows)

    def chunk(self, order: Any, start: int, length: int) -> tuple[Any, Any, int]:
        """Returns new arrays with the rows `order[start:start + length]`; else as `Resident`."""
        rows = order[start : start + length]
        # The same number of rows in each chunk, because the loop is compiled for a shape.
        rows = np.pad(rows, (0, self._rows - len(rows)), mode="edge")
        data = keras.tree.map_structure(
            lambda array: None if array is None else _on_device(np.asarray(array)[rows]),
            self._arrays,
        )
        return data, _on_device(np.arange(self._rows, dtype=np.int32)), 0


def holder(arrays: Any, batch_size: int, memory_budget: int, copies: Copies) -> Resident | Streamed:
    """Returns a `Resident` if the arrays fit into `memory_budget` bytes, else a `Streamed`."""
    if data_arrays.row_bytes(arrays) * data_arrays.count(arrays) <= memory_budget:
        return Resident(arrays, copies)
    return Streamed(arrays, batch_size, memory_budget)
