"""Defines what a scan reports: findings, and files that could not be scanned."""

import types
from collections.abc import Mapping
from typing import NamedTuple

VANISHED, NUMBERS, STYLE = "vanished", "changes numbers", "style"
SEVERITIES = {
    VANISHED: "TensorFlow 2 with Keras 3 lacks what the code names",
    NUMBERS: "the code runs, or is ported without an error, and computes other numbers",
    STYLE: "the code computes the same, and is written in another way today",
}


class Finding(NamedTuple):
    """Holds one finding.

    `line` and `column` count from 1, in a notebook within the cell, whose number is `cell`.
    `text` is the source line, `width` the number of characters that the finding is about.
    """

    path: str
    line: int
    column: int
    cell: int | None
    code: str
    severity: str
    message: str
    replacement: str
    page: str
    text: str = ""
    width: int = 1


class Problem(NamedTuple):
    """Holds a file or folder that could not be scanned, and why."""

    path: str
    reason: str
    line: int = 0


class Outlook(NamedTuple):
    """Holds what a rewrite would do to a file: the findings it ends, and what it cannot do.

    `mechanical` is a number of findings, and `blocks` names what must be written anew.
    """

    mechanical: int
    blocks: list[str]


class Report(NamedTuple):
    """Holds the result of a scan: findings in the order of the files, and the problems.

    `outlooks` are known by the paths of the files, if they were asked for.
    """

    findings: list[Finding]
    problems: list[Problem]
    files: int
    lines: int
    outlooks: Mapping[str, Outlook] = types.MappingProxyType({})

    @property
    def status(self) -> int:
        """Returns the exit status: 2 after a problem, 1 after a finding, else 0."""
        return 2 if self.problems else int(bool(self.findings))
