"""Ctrl-C: it arrives wherever Python loses it, disturbs no clean-up, and ends in one line."""

import signal

import pytest

SCRIPT = """
import gc, os, signal, sys, time
from tf_recipes.cli import application, interrupts
sys.argv[0] = "some/where/script.py"
press = lambda: signal.raise_signal(signal.SIGINT)
def work():
    for _ in range(1000):
        time.sleep(0.01)
    print("ran on")
{code}
application.run(main)
"""
LOST = {
    "a callback of the garbage collector": """
        def main():
            gc.callbacks.append(lambda phase, info: press() if phase == "start" else None)
            gc.collect()
            gc.callbacks.clear()
            work()
    """,
    "__del__": """
        class Object:
            def __del__(self):
                press()
        def main():
            Object()
            work()
    """,
    "an except clause": """
        def main():
            try:
                press()
            except BaseException:
                pass
            work()
    """,
    "another error": """
        def main():
            try:
                press()
            except KeyboardInterrupt:
                raise ImportError("initialization failed") from None
    """,
    "another error that is a bug's": """
        def main():
            try:
                press()
            except KeyboardInterrupt:
                raise SystemError from None
    """,
    "while Python ends": """
        import atexit
        atexit.register(press)
        main = lambda: 0
    """,
    "while modules are imported": """
        interrupts.end_at_once()
        press()
        main = None
    """,
}
OTHER = {
    "a clean-up is not disturbed": (
        """
        def main():
            try:
                press()
            finally:
                time.sleep(0.35)
                print("in order")
        """,
        (130, "in order\n", "script.py: interrupted.\n"),
    ),
    "a second one ends it at once": (
        """
        def main():
            try:
                press()
            finally:
                press()
                work()
        """,
        (-signal.SIGINT, "", ""),
    ),
    "where it is ignored, it stays so": (
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        interrupts.end_at_once()
        def main():
            press()
            print("ran on")
        """,
        (0, "ran on\n", ""),
    ),
    "other lost errors are still shown, and all is as before afterwards": (
        """
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)
        class Object:
            def __del__(self):
                1 / 0
        def main():
            sys.stderr = sys.stdout
            Object()
        with interrupts.Interrupts():
            main()
        print((signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM)) == before)
        print(sys.unraisablehook is sys.__unraisablehook__)
        os._exit(sys.stdout.flush() or 0)
        """,
        (0, "ZeroDivisionError: division by zero\nTrue\nTrue\n", ""),
    ),
}


@pytest.fixture
def ended(run_python_failing):
    """`ended(code)` -> (status, output, errors) of a command with that code."""

    def run(code):
        lines = code.strip("\n").splitlines()
        margin = len(lines[0]) - len(lines[0].lstrip())
        return run_python_failing(SCRIPT.format(code="\n".join(line[margin:] for line in lines)))

    return run


@pytest.mark.parametrize("code", LOST.values(), ids=LOST)
def test_it_arrives_where_it_was_lost(ended, code):
    assert ended(code) == (130, "", "script.py: interrupted.\n")


@pytest.mark.parametrize(("code", "expected"), OTHER.values(), ids=OTHER)
def test_what_else_it_does(ended, code, expected):
    status, printed, errors = ended(code)
    assert (status, errors) == expected[::2]
    assert printed.endswith(expected[1])
