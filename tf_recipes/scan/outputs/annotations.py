"""Writes a scan as the annotations that GitHub's workflows show beside the code."""

from tf_recipes.scan.terms.findings import NUMBERS, STYLE, VANISHED, Report

LEVELS = {VANISHED: "error", NUMBERS: "warning", STYLE: "notice"}


def text(report: Report) -> str:
    """Returns one line for each finding, and for each file that could not be scanned."""
    lines = [
        f"::{LEVELS[each.severity]} file={_value(each.path)},line={each.line},col={each.column},"
        f"title={each.code}::{_data(f'{each.message} Write: {each.replacement}')}"
        for each in report.findings
    ]
    lines += [
        f"::error file={_value(each.path)},line={each.line or 1}::"
        f"{_data(f'not scanned: {each.reason}')}"
        for each in report.problems
    ]
    return "\n".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
