"""Keeps the findings of a day in a file, so that later scans report new ones alone.

A finding is known again by its file, its code and the text of its line: lines above it may change.
"""

import collections
import json
import os
from collections.abc import Iterable

from tf_recipes._support import files, validation
from tf_recipes.scan.terms.findings import Finding, Report

Key = tuple[str, str, str]


def write(report: Report, path: str) -> None:
    """Writes the findings of a report as a baseline.

    Args:
        report: the result of a scan.
        path: the file to write; paths in it are relative to its folder.
    """
    keys = sorted(_key(each, path) for each in report.findings)
    rows = [dict(zip(("path", "code", "text"), key, strict=True)) for key in keys]
    with files.replacing(path) as partial:
        partial.write_text(f"{json.dumps(rows, indent=1)}\n", encoding="utf-8")


class Baseline:
    """Holds the findings of a baseline.

    Args:
        path: the file.
        rows: the keys of its findings.
    """

    def __init__(self, path: str, rows: Iterable[Key]) -> None:
        self._path, self._rows = path, list(rows)

    def without(self, report: Report) -> Report:
        """Returns the report of a scan without the findings of the baseline."""
        known = collections.Counter(self._rows)
        left = []
        for finding in report.findings:
            key = _key(finding, self._path)
            if known[key] > 0:
                known[key] -= 1
            else:
                left.append(finding)
        return report._replace(findings=left)


def read(path: str) -> Baseline:
    """Reads a baseline.

    Args:
        path: the file.

    Raises:
        ValueError: if the file is no baseline.
    """
    try:
        with open(path, encoding="utf-8") as file:
            rows = json.load(file)
        return Baseline(path, [(row["path"], row["code"], row["text"]) for row in rows])
    except (OSError, ValueError, KeyError, TypeError) as error:
        validation.fail(
            "A baseline is a file that a scan wrote.",
            f"baseline={path!r} ({type(error).__name__})",
            "Write it with write_baseline.",
        )


def _key(finding: Finding, baseline: str) -> Key:
    folder = os.path.dirname(os.path.abspath(baseline))
    relative = os.path.relpath(os.path.abspath(finding.path), folder)
    return relative.replace(os.sep, "/"), finding.code, finding.text.strip()
