"""Ends a command after Ctrl-C: in order, in one line, and wherever Python was at that moment.

Python raises `KeyboardInterrupt` wherever it is. In some places the exception is lost: in a
callback of the garbage collector (JAX registers one, and TensorFlow imports an installed JAX), in
`__del__`, in C code that turns every error into an `ImportError`. `Interrupts` raises it again
until it arrives.

A command imports this module first, and Ctrl-C during this import still prints a traceback. So the
module imports as little as it can.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # mypy takes it for `typing.TYPE_CHECKING`
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any

STATUS = 128 + signal.SIGINT
_AGAIN = 0.1  # seconds after which a lost exception is raised again


def end_at_once() -> None:
    """Makes Ctrl-C end this process with one line and `STATUS`.

    A script calls this while it imports modules, and a command when all its work is done: at these
    times there is nothing to put in order.
    """
    if _listens():
        signal.signal(signal.SIGINT, _end)


def _end(number: int, frame: FrameType | None) -> None:
    try:
        os.write(2, f"{os.path.basename(sys.argv[0])}: interrupted.\n".encode())
    finally:
        os._exit(STATUS)


def _listens() -> bool:
    """Returns whether this thread may handle Ctrl-C, and the process does not ignore it (nohup)."""
    earlier = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, earlier)
    except (ValueError, TypeError):  # another thread; a handler that Python does not know
        return False
    return earlier is not signal.SIG_IGN


class Interrupts:
    """Raises `KeyboardInterrupt` after Ctrl-C, again and again until the block ends.

    Use it as a context. Outside the main thread, or where SIGINT is ignored, it does nothing. A
    second Ctrl-C ends the process at once, even inside TensorFlow.

    Attributes:
        received: whether Ctrl-C was pressed in the block.
    """

    def __init__(self) -> None:
        self.received = False
        self._earlier: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        if _listens():
            self._earlier = {
                signal.SIGINT: signal.signal(signal.SIGINT, self._first),
                signal.SIGALRM: signal.signal(signal.SIGALRM, self._again),
            }
            self._earlier_hook = sys.unraisablehook
            sys.unraisablehook = self._lost
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._earlier:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in self._earlier.items():
                signal.signal(number, handler)
            sys.unraisablehook = self._earlier_hook

    def _first(self, number: int, frame: FrameType | None) -> None:
        self.received = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN, _AGAIN)
        raise KeyboardInterrupt

    def _again(self, number: int, frame: FrameType | None) -> None:
        error = sys.exception()
        while error is not None:
            if isinstance(error, KeyboardInterrupt):
                return  # it has arrived, and what is being put in order is not disturbed
            error = error.__context__
        raise KeyboardInterrupt

    def _lost(self, unraisable: sys.UnraisableHookArgs) -> None:
        """Is told of each exception that Python cannot raise; a lost Ctrl-C is raised again."""
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._earlier_hook(unraisable)
