"""Says of each file how much of the work is mechanical, and what must be written anew."""

import functools
from collections.abc import Iterable

from tf_recipes.scan import scanner
from tf_recipes.scan.analysis import Analysis
from tf_recipes.scan.fixing import obstacles
from tf_recipes.scan.fixing.planning import Planner
from tf_recipes.scan.reading import paths as path_lists
from tf_recipes.scan.reading import source
from tf_recipes.scan.terms.findings import Finding, Outlook, Report


def added(report: Report, paths: Iterable[str]) -> Report:
    """Returns a report with the outlook of each file that has findings.

    Nothing is rewritten, and LibCST is not needed. Layers in an `arg_scope` count as left by hand.

    Args:
        report: the result of a scan.
        paths: what was scanned.
    """
    files, _ = path_lists.listed(paths)
    roots = dict(files)
    known = scanner.exports(files)
    by_path: dict[str, list[Finding]] = {}
    for finding in report.findings:
        by_path.setdefault(finding.path, []).append(finding)
    made = {}
    for path, findings in by_path.items():
        locate = functools.partial(path_lists.locate, path, roots[path])
        with scanner.deep():
            analysis = Analysis(source.read(path), locate, lambda name: known.get(name, {}))
            made[path] = _of(analysis, findings)
    return report._replace(outlooks=made)


def _of(analysis: Analysis, findings: Iterable[Finding]) -> Outlook:
    plan = Planner(analysis, "\n".join(analysis.source.lines)).plan()
    planned = [*plan.calls, *plan.names, *plan.shapes]
    starts: set[tuple[int | None, int, int]] = set()
    for line, column, *_ in planned:
        starts.add((*analysis.source.place(line), column + 1))
    mechanical = sum((each.cell, each.line, each.column) in starts for each in findings)
    if analysis.source.is_python2:
        mechanical = 0  # another tool must convert the file first
    return Outlook(mechanical, [each.what for each, _ in obstacles.found(plan.names_used)])
