"""Shows the check's results in a terminal: a table, and a line for each port that fails."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from tf_recipes._support.visible import visible
from tf_recipes.parity.comparison import Drift
from tf_recipes.parity.judge import Result
from tf_recipes.parity.reports.formatting import number, percent
from tf_recipes.parity.reports.marks import UNJUDGED, verdict

if TYPE_CHECKING:
    from tf_recipes.parity.random_draws import DistributionCheck


def table(results: Iterable[Result], ports: Sequence[str], width: int = 180) -> Table:
    """Makes a table with a row for each trace: each port's worst ratio, and why the ports differ.

    Args:
        results: one for each trace.
        ports: names of the ports that were judged.
        width: characters of the terminal. Below 130 a port's figures share one column.
    """
    narrow = width < 130
    view = Table(title="TF 1.15 against Keras 3", title_justify="left")
    if narrow:
        view.box = box.SIMPLE
    view.add_column("recipe", overflow="fold")
    for heading, options in _columns(ports, narrow):
        view.add_column(heading, **options)
    for result in results:
        groups = _cells(result, ports)
        if narrow:
            cells = [Text("\n").join(_stacked(group)) for group in groups]
        else:
            cells = [cell for group in groups for cell in group]
        name = Path(result.name).name if result.error else result.name
        view.add_row(Text(visible(name)), *cells)
    return view


def _stacked(group: list[Text]) -> list[Text]:
    """Returns a group's lines in a narrow column: verdict and ratio share the first of three."""
    first, *rest = group
    return [Text(" ").join([first, rest[0]]), *rest[1:]] if len(group) == 3 else group


def _columns(ports: Sequence[str], narrow: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the headings after the first one, with the options of their columns."""
    figure = {"justify": "right", "no_wrap": True}
    if "exact" in ports and narrow:
        yield "exact, worst ratio,\nat step, variable", {"overflow": "fold"}
    elif "exact" in ports:
        yield "exact", {"no_wrap": True}
        yield "worst\nratio", figure
        yield "at step, variable", {"overflow": "fold"}
    if "textbook" in ports and narrow:
        yield "textbook\nratio, drift", figure
    elif "textbook" in ports:
        yield "textbook\nratio", figure
        yield "textbook\ndrift", figure
    if "textbook" in ports:
        yield "why they differ", {}


def _cells(result: Result, ports: Sequence[str]) -> Iterator[list[Text]]:
    """Yields the cells after the first one: a group for each port, and a group for the reason."""
    exact, textbook = result.port("exact"), result.port("textbook")
    if "exact" in ports and exact:
        worst = exact.worst
        yield [verdict(exact.passed), Text(number(worst.ratio)), Text(place(worst))]
    elif "exact" in ports:
        yield [UNJUDGED, Text("-"), Text("-")]
    if "textbook" in ports and textbook:
        yield [Text(number(textbook.worst.ratio)), Text(percent(textbook.largest_drift))]
    elif "textbook" in ports:
        yield [Text("-"), Text("-")]
    if "textbook" in ports:
        yield [Text("not judged: see the line below" if result.error else result.why)]


def distribution_table(checks: Iterable["DistributionCheck"]) -> Table:
    """Makes a table with a row for each distribution and port."""
    view = Table(title="Random draws (ten million each)", title_justify="left")
    for column in ("draws", "port", "verdict", "std or kept share", "worst statistic"):
        view.add_column(column)
    for each in checks:
        statistic, errors = each.worst
        view.add_row(
            each.name,
            each.port,
            verdict(each.passed),
            f"{100 * (each.std_ratio - 1):+.3f} %",
            f"{statistic}: {number(errors)} standard errors"
            if math.isfinite(errors)
            else f"{statistic}: not TF1's",
        )
    return view


def failure(result: Result) -> str:
    """Returns one line on where a failing exact port first leaves TF1; empty if it matches."""
    exact = result.port("exact")
    first = exact and exact.first_failure
    if not first:
        return ""
    return (
        f"{result.name}: the exact port first leaves TF1 by step {first.step}, "
        f"in {first.variable}: drift {percent(first.drift)}, {number(first.ratio)} times TF1's own."
    )


def place(drift: Drift) -> str:
    """Returns the step and the variable of a drift."""
    return f"{drift.step}, {drift.variable}"
