"""Draws the order of each epoch by NumPy, as Keras does on JAX, while the device is busy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

State = dict[str, Any]


class NumPyOrders:
    """Draws the order of one epoch after another, with the numbers that Keras would draw.

    Keras draws an order from NumPy's global generator when the first batch of an epoch is taken.
    `draw_ahead` draws the next one earlier, and leaves the generator as it was. If nobody has drawn
    from it or seeded it when the epoch begins, the order is the one that would be drawn then. Else
    the order is drawn anew.

    Args:
        count: the number of rows.
        shuffle: whether the rows are in another order in each epoch.
        place: function of an order, (count,), which copies it to where it is needed.
    """

    def __init__(
        self, count: int, shuffle: bool, place: Callable[[NDArray[np.int64]], Any]
    ) -> None:
        self._count, self._shuffle, self._place = count, shuffle, place
        self._ahead: tuple[State, State, Any] | None = None  # the states before and after, an order

    def next(self) -> Any:
        """Returns the order of the epoch that begins, as `place` returns it."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and _same(ahead[0], _state()):
            np.random.set_state(ahead[1])
            return ahead[2]
        return self._drawn()

    def draw_ahead(self) -> None:
        """Draws the order of the next epoch, if there is none yet."""
        if self._ahead is None and self._shuffle:
            before = _state()
            order = self._drawn()
            after = _state()
            np.random.set_state(before)
            self._ahead = before, after, order

    def _drawn(self) -> Any:
        rows = np.random.permutation(self._count) if self._shuffle else np.arange(self._count)
        return self._place(rows)


def _state() -> State:
    """Returns the state of NumPy's global generator."""
    state = np.random.get_state(legacy=False)
    assert isinstance(state, dict)
    return state


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return np.array_equal(one, other)
