"""Holds Ctrl-C back while the state of a training is in no variable."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class HeldInterrupt:
    """Holds SIGINT back in a block, and gives it out where it does no harm.

    On JAX a compiled loop takes the arrays of the state, and returns others. An exception between
    the two would lose both.
    """

    def __init__(self) -> None:
        self._received = False

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Returns a context in which SIGINT is only noted; in other threads it does nothing."""
        handler = signal.getsignal(signal.SIGINT)
        # Python handles signals in the main thread, and only by functions.
        if threading.current_thread() is not threading.main_thread() or not callable(handler):
            yield
            return
        signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, handler)

    def give_out(self) -> None:
        """Does what SIGINT does now, if it came in a `holding` block since the last call."""
        if self._received:
            self._received = False
            signal.raise_signal(signal.SIGINT)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._received = True
