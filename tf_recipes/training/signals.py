"""Handles Ctrl-C and SIGTERM: the first one ends training in order, the second one at once."""

import os
import signal
import threading
from types import FrameType
from typing import Any


class Interrupted(KeyboardInterrupt):
    """Says that a signal ended training and the state is saved.

    Args:
        text: the message.
        status: int, the exit status.
    """

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Stop:
    """Records a signal instead of an exception in the middle of a step; use it as a context.

    Outside the main thread Python allows no signal handlers, so that nothing is recorded there.

    Attributes:
        status: 128 + the number of the signal, as in shells, or None without a signal.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.status: int | None = None

    def __enter__(self) -> "Stop":
        self._earlier_handlers: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in self._SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                    self._earlier_handlers[number] = signal.signal(number, self._record)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._earlier_handlers.items():
            signal.signal(number, handler)

    def _record(self, number: int, frame: FrameType | None) -> None:
        if self.status is not None:
            os._exit(128 + number)  # safe, because checkpoints are complete at any moment
        self.status = 128 + number
