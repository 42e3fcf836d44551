"""Ctrl-C and SIGTERM: once for a clean end, twice for an end at once."""

import os
import signal
import threading


class Interrupted(KeyboardInterrupt):
    """Training ended on a signal, with its state saved; `status` is the exit status."""

    def __init__(self, text, status):
        super().__init__(text)
        self.status = status


class Stop:
    """While it is entered, notes a signal in place of an exception in the middle of a step.

    Outside the main thread, where Python allows no handlers, it notes nothing.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self):
        self.status = None  # 128 + the signal, as shells count

    def __enter__(self):
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            for number in self._SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and the like
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *exception):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number, frame):
        if self.status is not None:
            os._exit(128 + number)  # checkpoints are whole at any moment
        self.status = 128 + number
