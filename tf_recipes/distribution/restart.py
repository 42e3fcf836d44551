"""Starting a process again in its own place, and ending one that waits in vain."""

import contextlib
import os
import sys
import threading

_terminal = []  # a descriptor of the standard error, once it is kept


def keep_terminal():
    """Remembers the standard error, which `quiet_tensorflow.quiet` turns aside for a while."""
    if not _terminal:
        _terminal.append(os.dup(2))


def say(text):
    """One line on the standard error, in the name of the program."""
    line = f"{os.path.basename(sys.argv[0])}: {' '.join(text.split())}\n"
    os.write(_terminal[0] if _terminal else 2, line.encode())


def start_again():
    """Runs this process' command anew, under the same process id; does not return."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    if _terminal:
        os.dup2(_terminal[0], 2)
    for name in os.listdir("/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"):
        if int(name) > 2:
            with contextlib.suppress(OSError):  # the one that lists them is gone
                os.set_inheritable(int(name), False)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


@contextlib.contextmanager
def within(seconds, text):
    """Ends the process with `text` and status 2 if the block takes longer than `seconds`.

    For a block that waits in C++, where no exception reaches it.
    """

    def give_up():
        say(f"error: {text}")
        os._exit(2)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
