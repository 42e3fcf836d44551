"""Runs a command's `main` under absl, and ends each failure with one line and an exit status."""

import functools
import os
import re
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from absl import app, flags, logging


class UsageError(ValueError):
    """Says why the command cannot run with these flags, and what to do."""


def run(main: Callable[[], int | None]) -> None:
    """Runs a command's `main()`; a bad flag, a bad value or a full disk becomes one line.

    The process exits with status 2 for what the user can correct, with 1 where numbers became
    infinite or NaN, with 130 after Ctrl-C, with 141 when the reader of the output has gone, and
    otherwise with what `main` returns.

    Args:
        main: function without arguments, which reads absl's flags; None counts as status 0.
    """
    try:
        app.run(functools.partial(_guarded, main), flags_parser=_parse)
    except KeyboardInterrupt:
        _stop("interrupted.", 130)
    except BrokenPipeError:
        _stop_without_reader()


def _guarded(main: Callable[[], int | None], argv: list[str]) -> int | None:
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # a path may hold what it cannot show
    logging.set_verbosity(logging.WARNING)  # Matplotlib's first run says that it looks for fonts
    try:
        if len(argv) > 1:
            raise UsageError(f"takes flags only. Received: {' '.join(argv[1:])!r}.")
        status = main()
        if sys.stdout is not None:  # None where the standard output is closed
            sys.stdout.flush()
        return status
    except KeyboardInterrupt as stop:
        # the text and status of training's own interruption say where training stopped
        _stop(str(stop) or "interrupted.", getattr(stop, "status", 130))
    except BrokenPipeError:
        _stop_without_reader()
    except UsageError as error:
        _stop(f"error: {error}", 2)
    except (ValueError, OSError, ImportError) as error:
        _stop(f"error: {with_flags(str(error))}", 2)
    except FloatingPointError as error:
        _stop(f"error: {with_flags(str(error))}", 1)
    except Exception as error:
        # TensorFlow's errors, such as "out of memory", are no subclasses of Python's
        if not type(error).__module__.startswith("tensorflow"):
            raise
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        _stop(f"error: TensorFlow cannot do this: {first}", 2)


def with_flags(text: str) -> str:
    """Returns an error text of the library with `name=` written as `--name=` for each flag.

    The library speaks of arguments (`output_dir='x'`); a person at the command line gave flags.

    Args:
        text: the error's text.
    """
    names = "|".join(sorted(map(re.escape, flags.FLAGS), key=len, reverse=True))
    return re.sub(rf"(?<![\w.\-/\"'])({names})=(?=\S)", r"--\1=", text)


def _parse(argv: list[str]) -> list[str]:
    try:
        return flags.FLAGS(argv)
    except flags.Error as error:
        _stop(f"error: {str(error).rstrip('.')}. Try --help.", 2)


def _stop_without_reader() -> NoReturn:
    """Ends without a word, as a program does whose reader, such as `head`, has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(128 + signal.SIGPIPE)


def _stop(text: str, status: int) -> NoReturn:
    line = " ".join(text.splitlines())
    print(f"{os.path.basename(sys.argv[0])}: {line}", file=sys.stderr)
    sys.stderr.flush()
    if status < 128:
        sys.exit(status)
    if sys.stdout is not None:
        sys.stdout.flush()
    os._exit(status)  # after a signal the process waits for nothing else
