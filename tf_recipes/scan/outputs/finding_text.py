"""Writes findings as text, each with its source line and a caret."""

from collections.abc import Iterator

from tf_recipes.scan.terms.findings import Finding, Report

WIDEST = 200  # characters of a source line


def place(finding: Finding) -> str:
    """Returns `path:line:column`, in a notebook `path:cell 3:line:column`."""
    cell = "" if finding.cell is None else f"cell {finding.cell}:"
    return f"{finding.path}:{cell}{finding.line}:{finding.column}"


def text(report: Report) -> str:
    """Returns the findings, then the files that could not be scanned, then a line that counts."""
    return "\n".join([*_findings(report), *_problems(report), summary(report)])


def _findings(report: Report) -> Iterator[str]:
    for each in report.findings:
        yield f"{place(each)}: {each.code} [{each.severity}] {each.message}"
        if len(each.text) <= WIDEST:
            # a tab before the caret is as wide as the tab of the line
            indent = "".join("\t" if letter == "\t" else " " for letter in each.text)
            yield f"    {each.text}"
            yield f"    {indent[: each.column - 1]}{'^' * each.width}"
        yield f"    write: {each.replacement}"
        yield f"    see {each.page}"


def _problems(report: Report) -> Iterator[str]:
    for each in report.problems:
        line = f":{each.line}" if each.line else ""
        yield f"{each.path}{line}: not scanned: {each.reason}"


def summary(report: Report) -> str:
    """Returns one line that says what was scanned, found, and not scanned."""
    files = len({each.path for each in report.findings})
    found = f"{count(len(report.findings), 'finding')} in {count(files, 'file')}"
    clean = "no findings" if not report.findings else found
    failed = f", {len(report.problems)} not scanned" if report.problems else ""
    return f"{count(report.files, 'file')}, {count(report.lines, 'line')}: {clean}{failed}"


def count(number: int, noun: str) -> str:
    """Returns a number with its noun, in the plural where it is not 1."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
