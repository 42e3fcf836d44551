"""Keeps the findings of a day in a file, so that later scans report new ones alone.

A finding is known again by its file, its code and the text of its line: lines above it may change.
"""

import collections
import json
import os

from tf_recipes._support import validation
from tf_recipes.scan.terms.findings import Finding, Report

Key = tuple[str, str, str]


def write(report: Report, path: str) -> None:
    """Writes the findings of a report as a baseline.

    Args:
        report: the result of a scan.
        path: the file to write; paths in it are relative to its folder.
    """
    rows = sorted(_key(each, path) for each in report.findings)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(
            [dict(zip(("path", "code", "text"), row, strict=True)) for row in rows], file, indent=1
        )
        file.write("\n")


def without(report: Report, path: str) -> Report:
    """Returns the report without the findings that a baseline has.

    Args:
        report: the result of a scan.
        path: the baseline.

    Raises:
        ValueError: if the file is no baseline.
    """
    try:
        with open(path, encoding="utf-8") as file:
            rows = [(row["path"], row["code"], row["text"]) for row in json.load(file)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        validation.fail(
            "A baseline is a file that a scan wrote.",
            f"baseline={path!r} ({type(error).__name__})",
            "Write it with write_baseline.",
        )
    known = collections.Counter(rows)
    left = []
    for finding in report.findings:
        key = _key(finding, path)
        if known[key] > 0:
            known[key] -= 1
        else:
            left.append(finding)
    return report._replace(findings=left)


def _key(finding: Finding, baseline: str) -> Key:
    folder = os.path.dirname(os.path.abspath(baseline))
    relative = os.path.relpath(os.path.abspath(finding.path), folder)
    return relative.replace(os.sep, "/"), finding.code, finding.text.strip()
