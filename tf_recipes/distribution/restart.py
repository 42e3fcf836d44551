"""Starting a process again in its own place, and ending one that waits in vain."""

import contextlib
import os
import sys
import threading


def say(text):
    """One line on the standard error, in the name of the program."""
    sys.stderr.write(f"{os.path.basename(sys.argv[0])}: {' '.join(text.split())}\n")
    sys.stderr.flush()


def start_again():
    """Runs this process' command anew, under the same process id; does not return."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
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
