"""Keeps the copies of NumPy arrays on the device from one `fit` to the next one."""

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Bytes of one comparison: a few fill the second cache, many cost a call of NumPy each.
_BLOCK = 2**18


class Copies:
    """Keeps copies of arrays on the device as long as the arrays are the same as before.

    A copy is used again by one of two rules:

    - If the array is read-only through and through: neither it nor an array whose memory it shares
      can be written into, now and when the copy was made. Nothing is compared. Who makes the array
      writeable, changes it, and makes it read-only once more breaks this rule.
    - Where the device is the processor, if every byte of the array is that of the copy. To compare
      takes less time than the backends take to copy.

    The copy of an array goes when the array does, and when a `fit` begins that does not use it.

    Args:
        place: function of an array, which copies the array to the device.
        memory: function of what `place` returned, which returns its memory as a NumPy array; None
            for a device whose memory NumPy cannot read.
    """

    def __init__(
        self, place: Callable[[Any], Any], memory: Callable[[Any], NDArray[Any] | None]
    ) -> None:
        self._place, self._memory = place, memory
        # The owner of the memory, the copy, and whether the array was read-only.
        self._kept: dict[Any, tuple[Any, Any, bool]] = {}
        self._before = self._kept

    def begin(self) -> None:
        """Begins a `fit`: from now on only what it uses is kept."""
        self._before, self._kept = self._kept, {}

    def of(self, array: Any) -> Any:
        """Returns the array on the device."""
        if not isinstance(array, np.ndarray):
            return self._place(array)
        key = _place_in_memory(array)
        nothing = None, None, False
        owner, placed, was_read_only = self._kept.get(key) or self._before.get(key, nothing)
        read_only = is_read_only(array)
        if (
            owner is None
            or owner() is not _owner(array)
            or (not (read_only and was_read_only) and not self._is_same(array, placed))
        ):
            placed = self._place(array)
        if read_only or self._can_be_compared(array, placed):
            self._kept[key] = self._reference(key, array), placed, read_only
        return placed

    def end(self) -> None:
        """Ends the beginning of a `fit`: what it does not use is dropped."""
        self._before = {}

    def _is_same(self, array: NDArray[Any], placed: Any) -> bool:
        return self._can_be_compared(array, placed) and same_bytes(array, self._memory(placed))

    def _can_be_compared(self, array: NDArray[Any], placed: Any) -> bool:
        """Returns whether the copy has the bytes of the array, in the same order, for NumPy."""
        memory = self._memory(placed)
        return (
            memory is not None
            and bool(array.flags.c_contiguous and memory.flags.c_contiguous)
            and (array.dtype, array.shape) == (memory.dtype, memory.shape)
        )

    def _reference(self, key: Any, array: NDArray[Any]) -> Any:
        """Returns a reference to the owner of the memory, which drops the copy with the owner."""
        kept = weakref.ref(self)

        def drop(reference: Any) -> None:
            copies = kept()
            for each in () if copies is None else (copies._kept, copies._before):
                if each.get(key, (None,))[0] is reference:
                    del each[key]

        return weakref.ref(_owner(array), drop)


def _place_in_memory(array: NDArray[Any]) -> Any:
    return array.ctypes.data, array.shape, array.strides, array.dtype.str


def _owner(array: NDArray[Any]) -> NDArray[Any]:
    """Returns the array that owns the memory, or the last one that NumPy knows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def is_read_only(array: Any) -> bool:
    """Returns whether nobody can write into the memory of a NumPy array, through another one."""
    while isinstance(array, np.ndarray) and not array.flags.writeable:
        if array.base is None:
            return True
        array = array.base  # the array is a view of it
    return isinstance(array, bytes)


def same_bytes(one: NDArray[Any], other: NDArray[Any] | None) -> bool:
    """Returns whether two contiguous arrays of one size have the same bytes.

    >>> same_bytes(np.array([1.0, np.nan]), np.array([1.0, np.nan]))
    True
    """
    assert other is not None
    a, b = (each.reshape(-1).view(np.uint8) for each in (one, other))
    whole = len(a) // 8 * 8
    if not np.array_equal(a[whole:], b[whole:]):
        return False
    a, b, step = a[:whole].view(np.uint64), b[:whole].view(np.uint64), _BLOCK // 8
    return all(
        np.array_equal(a[start : start + step], b[start : start + step])
        for start in range(0, len(a), step)
    )
