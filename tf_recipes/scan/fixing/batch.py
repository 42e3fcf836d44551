"""Rewrites the files of several paths."""

import functools
from collections.abc import Iterable
from typing import NamedTuple

from tf_recipes._support import extras
from tf_recipes.scan import scanner
from tf_recipes.scan.reading import paths as path_lists
from tf_recipes.scan.reading.source import Unreadable
from tf_recipes.scan.terms.findings import Problem


class Outcome(NamedTuple):
    """Holds what a rewrite of several files gives.

    `changed` are the paths of the files with other code, `diffs` their unified diffs, `notes` are
    `(path, what is left and why)`, and `problems` the files that could not be read or written.
    """

    changed: list[str]
    diffs: list[str]
    notes: list[tuple[str, str]]
    problems: list[Problem]


def fix(paths: Iterable[str], write: bool = True) -> Outcome:
    """Rewrites files and folders.

    Args:
        paths: `.py` files, notebooks and folders.
        write: whether the files are written; without it nothing is.

    Raises:
        ImportError: if LibCST is not installed.
    """
    extras.require("fix")
    from tf_recipes.scan.fixing import fixer

    files, problems = path_lists.listed(paths)
    outcome = Outcome([], [], [], list(problems))
    known = scanner.exports(files)
    for path, root in files:
        locate = functools.partial(path_lists.locate, path, root)
        try:
            with scanner.deep():
                fixed = fixer.fix(path, locate, lambda name: known.get(name, {}), write)
        except Unreadable as error:
            outcome.problems.append(Problem(path, error.reason, error.line))
            continue
        except OSError as error:
            outcome.problems.append(Problem(path, f"it cannot be written ({error.strerror})"))
            continue
        except RecursionError:
            outcome.problems.append(Problem(path, scanner.TOO_DEEP))
            continue
        except Exception as error:  # whatever one file does to LibCST, the others are rewritten
            reason = f"it cannot be rewritten ({type(error).__name__}: {error})"
            outcome.problems.append(Problem(path, " ".join(reason.split())[:200]))
            continue
        outcome.notes.extend((path, note) for note in fixed.notes)
        if fixed.after != fixed.before:
            outcome.changed.append(path)
            outcome.diffs.append(fixed.diff)
    return outcome
