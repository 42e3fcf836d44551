"""Runs a command's `main` under absl, and ends each failure with one line and an exit status."""

import ast
import functools
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from absl import app, flags, logging

from tf_recipes.cli import interrupts

# How the commands end. A check has meanings of its own for 0 and 1: `parity.verdict.STATUSES`.
STATUSES = {
    0: "the command did what it was asked to do; also after --help",
    1: "the command ran, and found what it looks for: a difference, or a number that is not finite",
    2: "the command could not do this: a flag, a file or the machine has to be corrected",
    interrupts.STATUS: "Ctrl-C ended the command",
    128 + signal.SIGPIPE: "the reader of the output, such as `head`, has gone",
    128 + signal.SIGTERM: "SIGTERM ended training, and the state is saved",
}


class UsageError(ValueError):
    """Says why the command cannot run with these flags, and what to do."""


def run(main: Callable[..., int | None], takes_paths: bool = False) -> None:
    """Runs a command's `main()`; a bad flag, a bad value or a full disk becomes one line.

    The process exits with a status of `STATUSES`: 2 for what the user can correct, 1 where numbers
    became infinite or NaN, and otherwise what `main` returns.

    Args:
        main: function without arguments, which reads absl's flags; None counts as status 0.
        takes_paths: whether words beside the flags are allowed; `main` is then given their list.
    """
    try:
        with interrupts.Interrupts() as interrupted:
            guarded = functools.partial(_guarded, main, interrupted, takes_paths)
            try:
                app.run(guarded, flags_parser=_parse)
            except KeyboardInterrupt:
                _stop("interrupted.", interrupts.STATUS)
            except BrokenPipeError:
                _stop_without_reader()
    finally:
        interrupts.end_at_once()  # Python takes a while to end, with TensorFlow


def _guarded(
    main: Callable[..., int | None],
    interrupted: interrupts.Interrupts,
    takes_paths: bool,
    argv: list[str],
) -> int | None:
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # a path may hold what it cannot show
    logging.set_verbosity(logging.WARNING)  # Matplotlib's first run says that it looks for fonts
    try:
        if len(argv) > 1 and not takes_paths:
            raise UsageError(f"takes flags only. Received: {' '.join(argv[1:])!r}.")
        _check_no_empty_flag()
        status = main(argv[1:]) if takes_paths else main()
        if sys.stdout is not None:  # None where the standard output is closed
            sys.stdout.flush()
        return status
    except KeyboardInterrupt as stop:
        # the text and status of training's own interruption say where training stopped
        _stop(str(stop) or "interrupted.", getattr(stop, "status", interrupts.STATUS))
    except Exception as error:
        if interrupted.received:  # C code has made another error of Ctrl-C
            _stop("interrupted.", interrupts.STATUS)
        _explain(error)
        raise


def _explain(error: Exception) -> None:
    """Ends with one line if the error is one that the user can do something about."""
    if isinstance(error, BrokenPipeError):
        _stop_without_reader()
    if isinstance(error, UsageError):
        _stop(f"error: {error}", 2)
    if isinstance(error, ValueError | OSError | ImportError):
        _stop(f"error: {with_flags(str(error))}", 2)
    if isinstance(error, FloatingPointError):
        _stop(f"error: {with_flags(str(error))}", 1)
    # TensorFlow's errors, such as "out of memory", are no subclasses of Python's
    if type(error).__module__.startswith("tensorflow"):
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        _stop(f"error: TensorFlow cannot do this: {first}", 2)


def with_flags(text: str) -> str:
    """Returns an error text of the library with `name=` written as `--name=` for each flag.

    The library speaks of arguments (`output_dir='x'`); a person at the command line gave flags.
    A dict becomes a flag for each of its entries: `feed={'keep': 0.5}` is `--feed=keep=0.5`.

    Args:
        text: the error's text.
    """
    names = "|".join(sorted(map(re.escape, flags.FLAGS), key=len, reverse=True))
    flagged = re.sub(rf"(?<![\w.\-/\"'])({names})=(?=\S)", r"--\1=", text)
    return re.sub(r"--(\w+)=(\{[^{}]*:[^{}]*\})", _flag_of_each, flagged)


def _flag_of_each(found: re.Match[str]) -> str:
    """Returns a flag for each entry of a dict that a text writes out; other texts as they are."""
    try:
        entries = ast.literal_eval(found[2])
    except (SyntaxError, ValueError):
        return found[0]
    return " ".join(shlex.quote(f"--{found[1]}={name}={value}") for name, value in entries.items())


def _check_no_empty_flag() -> None:
    """Checks that every flag that the user gave has a value; absl takes `--flag=` for a value."""
    for module, defined in flags.FLAGS.flags_by_module_dict().items():
        for flag in defined:
            if module.startswith("absl.") or not flag.present:
                continue
            listed = flag.value if isinstance(flag.value, list) else [flag.value]
            if not listed or any(isinstance(each, str) and not each.strip() for each in listed):
                raise UsageError(
                    f"--{flag.name} is empty. Received: {_as_given(flag.name, flag.value)}. "
                    "Give it a value, or leave the flag out."
                )


def _as_given(name: str, value: object) -> str:
    return f"--{name}={','.join(map(str, value)) if isinstance(value, list) else value}"


def _parse(argv: list[str]) -> list[str]:
    try:
        return flags.FLAGS(["--help" if word == "-h" else word for word in argv])
    except flags.Error as error:
        _stop(f"error: {str(error).rstrip('.')}. Try --help.", 2)
    except SystemExit:
        # after --help absl exits with 1, which here is the answer of a check
        sys.stdout.flush()
        sys.exit(0)


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
