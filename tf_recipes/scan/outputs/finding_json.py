"""Writes findings as JSON: a list of objects."""

import json

from tf_recipes.scan.terms.findings import Report

KEYS = (
    "path",
    "line",
    "column",
    "cell",
    "code",
    "severity",
    "message",
    "replacement",
    "page",
)


def text(report: Report) -> str:
    """Returns a JSON list; files that could not be scanned are not in it, but in the log."""
    made = [{key: getattr(each, key) for key in KEYS} for each in report.findings]
    return json.dumps(made, indent=1, ensure_ascii=False)
