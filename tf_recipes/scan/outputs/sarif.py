"""Writes a scan as SARIF 2.1.0, the format that code hosts read.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 2020.
"""

import json
import urllib.parse

from tf_recipes.scan import rule_registry
from tf_recipes.scan.terms.findings import NUMBERS, STYLE, VANISHED, Finding, Problem, Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {VANISHED: "error", NUMBERS: "warning", STYLE: "note"}


def text(report: Report) -> str:
    """Returns the SARIF text; a file that could not be scanned is a notification of the run."""
    rules = list(rule_registry.all_rules().values())
    numbers = {rule.code: index for index, rule in enumerate(rules)}
    driver = {
        "name": "tf-recipes scan",
        "rules": [
            {
                "id": rule.code,
                "name": rule.name,
                "shortDescription": {"text": rule.summary.replace("`", "")},
                "defaultConfiguration": {"level": LEVELS[rule.severity]},
                "help": {"text": f"docs/{rule.page}"},
            }
            for rule in rules
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, numbers) for each in report.findings],
        "invocations": [
            {
                "executionSuccessful": not report.problems,
                "toolExecutionNotifications": [_notification(each) for each in report.problems],
            }
        ],
    }
    made = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(made, indent=1, ensure_ascii=False)


def _result(finding: Finding, numbers: dict[str, int]) -> dict:
    cell = "" if finding.cell is None else f" (cell {finding.cell})"
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endColumn": finding.column + finding.width,
    }
    return {
        "ruleId": finding.code,
        "ruleIndex": numbers[finding.code],
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.message}{cell} Write: {finding.replacement}"},
        "locations": [_location(finding.path, region)],
    }


def _notification(problem: Problem) -> dict:
    region = {"startLine": problem.line} if problem.line else None
    return {
        "level": "error",
        "message": {"text": f"not scanned: {problem.reason}"},
        "locations": [_location(problem.path, region)],
    }


def _location(path: str, region: dict | None) -> dict:
    # a name that is no UTF-8 keeps its bytes
    uri = urllib.parse.quote(path.replace("\\", "/"), errors="surrogateescape")
    physical: dict = {"artifactLocation": {"uri": uri}}
    if region is not None:
        physical["region"] = region
    return {"physicalLocation": physical}
