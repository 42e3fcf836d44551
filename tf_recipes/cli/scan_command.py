"""Scans TF1 source code: what has vanished, what silently changes numbers, what to write instead.

    tf-recipes scan train.py notebooks/ --format=text

The files are read and never run, and no TensorFlow is needed.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator

from absl import flags

from tf_recipes._support import files
from tf_recipes.cli import output_files
from tf_recipes.cli.application import UsageError

STATUSES = """
The exit status:
    0: nothing was found
    1: there are findings
    2: a file could not be read or parsed; the others were scanned
"""
__doc__ += STATUSES
FORMATS = ("text", "json", "sarif", "github", "html")


def define_flags() -> None:
    """Defines the flags; the words beside them are the paths to scan."""
    flags.disclaim_key_flags()
    flags.FLAGS.set_gnu_getopt(True)  # flags may stand behind the paths
    flags.DEFINE_enum("format", "text", FORMATS, "Format of the result.")
    flags.DEFINE_string("output", None, "Write the result to this file.")
    flags.DEFINE_list("select", None, "Codes of the rules to apply, such as TFR001; default: all.")
    flags.DEFINE_list("ignore", None, "Codes of the rules not to apply.")
    flags.DEFINE_string("baseline", None, "A file of findings that are not reported again.")
    flags.DEFINE_string("write_baseline", None, "Write the findings to this file, as a baseline.")
    flags.DEFINE_bool("fix", False, "Rewrite what is mechanical and safe, then scan.")
    flags.DEFINE_bool("diff", False, "Show what --fix would rewrite, and write nothing.")
    flags.DEFINE_bool("cache", True, "Keep the results of unchanged files in the user's cache.")
    flags.DEFINE_integer("workers", None, "Processes; default: one for each processor.", 1)


def main(paths: list[str]) -> int:
    """Scans the paths, writes the result, and returns the exit status.

    Args:
        paths: files and folders.
    """
    from tf_recipes.scan import baseline, configuration, result_cache, scanner
    from tf_recipes.scan.fixing import outlook
    from tf_recipes.scan.outputs import finding_text, formats

    if not paths:
        raise UsageError("Name the files and folders to scan. Received: none.")
    given = flags.FLAGS
    settings = configuration.read(
        paths[0] if os.path.isdir(paths[0]) else os.path.dirname(paths[0])
    )
    select = given.select if given.select is not None else settings.get("select", [])
    ignore = given.ignore if given.ignore is not None else settings.get("ignore", [])
    codes = configuration.chosen(select, ignore)
    for flag in ("output", "write_baseline"):
        path: str | None = given[flag].value
        if path:
            output_files.check_output_file(flag, path)
    names = [given.baseline] if given.baseline else settings.get("baseline", [])
    known = [] if given.write_baseline else [baseline.read(path) for path in names]
    if given.diff:
        return _diff(paths)
    if given.fix:
        _fix(paths)
    store = result_cache.opened(codes) if given.cache else None
    with _bar() as progress:
        report = scanner.scan(paths, codes, given.workers, progress, store)
    if given.format == "html":
        report = outlook.added(report, paths)
    if given.write_baseline:
        baseline.write(report, given.write_baseline)
        return 2 if report.problems else 0
    for each in known:
        report = each.without(report)
    text = formats.FORMATS[given.format](report)
    if given.output:
        with files.replacing(given.output) as partial:
            partial.write_text(f"{text}\n", encoding="utf-8", errors="surrogateescape")
    elif text:
        print(text)
    if given.output or given.format != "text":
        for problem in report.problems:
            print(f"{problem.path}: not scanned: {problem.reason}", file=sys.stderr)
        print(finding_text.summary(report), file=sys.stderr)
    return report.status


def _fix(paths: list[str]) -> None:
    """Rewrites the files, and says what it leaves; a scan then names those it could not read."""
    from tf_recipes.scan.fixing import batch

    outcome = batch.fix(paths)
    _say(outcome.notes)
    print(f"{_files(len(outcome.changed))} rewritten", file=sys.stderr)


def _diff(paths: list[str]) -> int:
    """Prints what would be rewritten; returns 1 if that is anything, 2 after a problem."""
    from tf_recipes.scan.fixing import batch

    outcome = batch.fix(paths, write=False)
    print("".join(outcome.diffs), end="")
    _say(outcome.notes)
    for problem in outcome.problems:
        print(f"{problem.path}: not rewritten: {problem.reason}", file=sys.stderr)
    print(f"{_files(len(outcome.changed))} would be rewritten", file=sys.stderr)
    return 2 if outcome.problems else int(bool(outcome.changed))


def _say(notes: list[tuple[str, str]]) -> None:
    for path, note in notes:
        print(f"{path}: {note}", file=sys.stderr)


def _files(number: int) -> str:
    return f"{number:,} file{'' if number == 1 else 's'}"


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """Yields a function that moves a progress bar, on a terminal."""
    from rich import console, progress

    columns = ("{task.completed:,.0f} of {task.total:,.0f} files",)
    shown = console.Console(stderr=True)
    with progress.Progress(
        progress.BarColumn(), *columns, console=shown, transient=True, disable=not shown.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
