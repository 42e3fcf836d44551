"""Tells a layer which share of a global batch its replica computes."""

import contextlib
import contextvars
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from keras import ops

_current: contextvars.ContextVar["Share | None"] = contextvars.ContextVar("share", default=None)


@dataclasses.dataclass(frozen=True)
class Share:
    """Describes one replica's rows of the global batch; every replica has the same number.

    Args:
        index: which replica this is, an int or a scalar tensor.
        count: int, how many replicas there are.
        total: function of a tensor: its sum over all replicas, which has a gradient. Every replica
            must call it, and in the same order.
    """

    index: Any
    count: int
    total: Callable[[Any], Any]

    def own(self, drawn: Any) -> Any:
        """Returns this replica's rows, (n, ...), of an array of all replicas, (count n, ...)."""
        shape = ops.shape(drawn)
        rows = shape[0] // self.count
        start = [self.index * rows] + [0] * (len(shape) - 1)
        return ops.slice(drawn, start, (rows, *shape[1:]))


def current() -> Share | None:
    """Returns the `Share` that is being computed, or None where the batch is whole.

    >>> current() is None
    True
    """
    return _current.get()


@contextlib.contextmanager
def sharing(share: Share) -> Iterator[None]:
    """Makes layers compute inside the block as a part of a larger batch.

    Args:
        share: a `Share`.

    >>> with sharing(Share(index=1, count=2, total=lambda x: 2 * x)):
    ...     current().own(ops.arange(6)).numpy().tolist()
    [3, 4, 5]
    """
    token = _current.set(share)
    try:
        yield
    finally:
        _current.reset(token)
