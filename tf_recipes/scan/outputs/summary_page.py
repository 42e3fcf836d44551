"""Writes a scan as a page: the files, what blocks them, and what is left to do by hand."""

import html
from collections.abc import Iterator

from tf_recipes.scan.outputs import finding_text
from tf_recipes.scan.terms.findings import SEVERITIES, Finding, Report

MINUTES_A_PLACE = 3
HOURS_A_PART = 4
_MOST_FINDINGS = 200  # of one file
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem;
  color: #1b1f24; background: #fff; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #d8dee4;
  vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tfoot td { font-weight: 600; border-top: 2px solid #57606a; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { background: #f6f8fa; padding: .6rem; overflow-x: auto; margin: .3rem 0 1rem; }
.bar { display: inline-block; width: 6rem; height: .6rem; background: #ffd8b5; border-radius: 3px; }
.bar i { display: block; height: 100%; background: #2da44e; border-radius: 3px; }
summary { cursor: pointer; padding: .3rem 0; }
.scroll { overflow-x: auto; }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; }
  th, td { border-color: #30363d; } pre { background: #161b22; } }
"""


def text(report: Report) -> str:
    """Returns the page; how much is mechanical is known for a report with outlooks."""
    return "\n".join(_page(report))


def _page(report: Report) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>TensorFlow 1 code</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>TensorFlow 1 code</h1><p>{html.escape(finding_text.summary(report))}.</p>"
    files: dict[str, list[Finding]] = {}
    for finding in report.findings:
        files.setdefault(finding.path, []).append(finding)
    if files:
        yield from _table(report, files)
    if report.problems:
        yield "<h2>Not scanned</h2><ul>"
        for each in report.problems:
            line = f", line {each.line}" if each.line else ""
            where = f"<code>{html.escape(each.path)}</code>{line}"
            yield f"<li>{where}: {html.escape(each.reason)}</li>"
        yield "</ul>"
    for path, findings in files.items():
        yield from _details(path, findings)
    yield "</body></html>"


def _table(report: Report, files: dict[str, list[Finding]]) -> Iterator[str]:
    yield '<div class="scroll"><table><thead><tr><th>file</th>'
    for heading in (*SEVERITIES, "mechanical", "by hand"):
        yield f'<th class="n">{heading}</th>'
    yield '<th>what must be written anew</th><th class="n">estimate</th></tr></thead><tbody>'
    sums = [0, 0, 0, 0, 0]
    parts = 0
    ordered = sorted(files, key=lambda path: (-_left(report, path, files[path]), path))
    for path in ordered:
        findings = files[path]
        outlook = report.outlooks.get(path)
        numbers = [sum(each.severity == name for each in findings) for name in SEVERITIES]
        mechanical = outlook.mechanical if outlook else 0
        numbers += [mechanical, len(findings) - mechanical]
        sums = [a + b for a, b in zip(sums, numbers, strict=True)]
        blocks = outlook.blocks if outlook else []
        parts += len(blocks)
        yield f'<tr><td><a href="#{_anchor(path)}"><code>{html.escape(path)}</code></a></td>'
        yield from _numbers(numbers)
        yield f"<td>{html.escape(', '.join(blocks))}</td>"
        yield f'<td class="n">{_hours(numbers[-1], len(blocks))}</td></tr>'
    yield f"</tbody><tfoot><tr><td>{finding_text.count(len(files), 'file')}</td>"
    yield from _numbers(sums)
    yield f"<td>{finding_text.count(parts, 'part')}</td>"
    yield f'<td class="n">{_hours(sums[-1], parts)}</td></tr></tfoot>'
    yield "</table></div>"
    yield (
        f"<p>The estimate counts {MINUTES_A_PLACE} minutes for each place that is left by hand, "
        f"and {HOURS_A_PART} hours for each part that must be written anew. It is a rule of thumb, "
        "and no measurement. Mechanical is what <code>tf-recipes scan --fix</code> rewrites at "
        "once.</p>"
    )


def _left(report: Report, path: str, findings: list[Finding]) -> float:
    outlook = report.outlooks.get(path)
    left = len(findings) - (outlook.mechanical if outlook else 0)
    return left * MINUTES_A_PLACE / 60 + len(outlook.blocks if outlook else ()) * HOURS_A_PART


def _numbers(numbers: list[int]) -> Iterator[str]:
    total = sum(numbers[:3])
    for number in numbers[:3]:
        yield f'<td class="n">{number:,}</td>'
    share = round(100 * numbers[3] / total) if total else 0
    bar = f'<span class="bar"><i style="width:{share}%"></i></span>'
    yield f'<td class="n">{bar} {numbers[3]:,}</td><td class="n">{numbers[4]:,}</td>'


def _hours(places: int, parts: int) -> str:
    """Returns the estimate in words.

    >>> _hours(3, 0), _hours(45, 1)
    ('9 min', '6.2 h')
    """
    minutes = places * MINUTES_A_PLACE + parts * HOURS_A_PART * 60
    return f"{minutes} min" if minutes < 60 else f"{minutes / 60:,.1f} h"


def _details(path: str, findings: list[Finding]) -> Iterator[str]:
    yield f'<details id="{_anchor(path)}"><summary><code>{html.escape(path)}</code> '
    yield f"({len(findings):,})</summary><pre>"
    shown = Report(findings[:_MOST_FINDINGS], [], 1, 0)
    body = finding_text.text(shown).rpartition("\n")[0]
    yield html.escape(body)
    if len(findings) > _MOST_FINDINGS:
        yield f"… and {len(findings) - _MOST_FINDINGS:,} more"
    yield "</pre></details>"


def _anchor(path: str) -> str:
    return html.escape(f"file-{path}").replace(" ", "_")
