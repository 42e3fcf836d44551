"""Restarts a process in its place, and ends a process that waits too long."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import NoReturn

_terminal: list[int] = []  # a descriptor of the standard error, once `keep_terminal` was called


def keep_terminal() -> None:
    """Remembers the standard error, which `quiet_tensorflow.quiet` redirects for a while."""
    if not _terminal:
        _terminal.append(os.dup(2))


def write_line(text: str) -> None:
    """Writes the program's name and `text` as one line to the standard error."""
    line = f"{os.path.basename(sys.argv[0])}: {' '.join(text.split())}\n"
    os.write(_terminal[0] if _terminal else 2, line.encode())


def start_again() -> NoReturn:
    """Runs this process' command again, under the same process id; does not return."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    if _terminal:
        os.dup2(_terminal[0], 2)
    for name in os.listdir("/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"):
        if int(name) > 2:
            # The descriptor through which `listdir` read the folder is closed by now.
            with contextlib.suppress(OSError):
                os.set_inheritable(int(name), False)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


@contextlib.contextmanager
def time_limit(seconds: float, text: str) -> Iterator[None]:
    """Ends the process with the error `text` and status 2 if the block takes longer.

    It serves a block that waits in C++, where no exception can interrupt it.

    Args:
        seconds: the time limit of the block.
        text: the error text.
    """

    def end_process() -> None:
        write_line(f"error: {text}")
        os._exit(2)

    timer = threading.Timer(seconds, end_process)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
