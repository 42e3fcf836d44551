"""Prints a verification's results to a terminal: the tables, the verdict, and what to change."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tf_recipes._support.visible import visible
from tf_recipes.parity.reports.marks import FAILED, PASSED, UNJUDGED
from tf_recipes.verify.reports import document_schema, report_rows, report_words

Row = Mapping[str, Any]  # of a verification's results

ROWS = 40  # of a table; a terminal shows about as many lines
NARROW = 110  # characters; below them a row's figures stand under its name
VERDICTS = {
    document_schema.MATCH: PASSED,
    document_schema.DIFFERS: FAILED,
    document_schema.NOT_JUDGED: UNJUDGED,
}


def print_report(document: Row, console: Console) -> None:
    """Prints the results: what was compared, then the verdict, then what to change.

    The verdict comes last, since a terminal shows the last lines. A table shows 40 rows: what
    differs, and then what has the largest ratio.

    Args:
        document: a verification's results, made here or read back from JSON.
        console: where to print; its width decides the form of the tables, and folds no line.

    Raises:
        ValueError: for results that `document_schema.check` refuses.
    """
    document_schema.check(document)
    for each in _parts(document, console.width):
        # the terminal folds long lines, so that a copied one is whole; Rich folds tables alone
        console.print(each, soft_wrap=not isinstance(each, Table))


def _parts(results: Row, width: int) -> Iterable[Any]:
    """Yields what is printed, in order."""
    if compared := report_words.compared(results):
        yield _plain(compared)
    yield from _forward(results, width)
    yield from _training(results, width)
    yield from _unpaired(results)
    yield _verdict(results)
    yield from _reasons(results)


def _plain(text: str, style: str = "") -> Text:
    """Returns a text of the results with visible characters, which no markup can style."""
    return Text(visible(text), style=style)


def _verdict(results: Row) -> Text:
    """Returns the verdict, the results' own sentence, and the first failure."""
    said = f": {report_words.headline(results)}."
    line = Text.assemble("\n", VERDICTS[results["verdict"]], said)
    if message := report_words.message(results):
        line.append("\n").append_text(_plain(message))
    if first := results["first_failure"]:
        line.append("\nFirst failure: ", "bold").append_text(_plain(first["text"]))
    return line


def _reasons(results: Row) -> Iterable[Any]:
    """Yields the changes that remove the drift, each with the code to write."""
    reasons = results["reasons"]
    if not reasons:
        if results["verdict"] == document_schema.DIFFERS:
            yield Text("")
            yield _plain(report_words.NO_REASON)
        return
    yield Text("\nWhat to change", "bold")
    for number, reason in enumerate(reasons, 1):
        line = Text(f"{number}. ")
        for part, is_code in report_rows.code_parts(reason["text"]):
            line.append_text(_plain(part, "cyan" if is_code else ""))
        line.append(f": {report_words.mended(reason)}")
        yield line
        where = "; ".join(filter(None, (report_words.place(reason), reason["page"])))
        yield _plain(f"   {where}")
        for part in visible(reason["code"], keep="\n").split("\n"):
            yield Text(f"      {part}", "cyan")


def _forward(results: Row, width: int) -> Iterable[Any]:
    """Yields the tables of the layers and outputs, before training."""
    forward = results["forward"]
    if forward is None:
        return
    layers = [
        (
            f"{row['layer']} ({row['class']})",
            row["tf1"] or "",
            _figures(row["ratio"], row["drift"]),
            row["passed"],
            report_rows.value(row["ratio"]),
        )
        for row in forward["layers"]
    ]
    heads = ("layer", "TF1's tensor", "ratio", "drift")
    yield from _table("Forward pass, layer by layer", heads, layers, width)
    yield from _outputs("Outputs before training", forward["outputs"], width)


def _training(results: Row, width: int) -> Iterable[Any]:
    """Yields the table of what was compared in training, and of the outputs after it."""
    training = results["training"]
    if training is None:
        if results["forward"] is not None:
            yield Text(f"\n{report_words.untrained(results)}")
        return
    limit = results["settings"]["limit"]
    rows = []
    for curve in report_rows.curves(results):
        worst = curve.worst
        ratio = None if worst is None else curve.ratios[worst]
        drift = None if worst is None or not curve.drifts else curve.drifts[worst]
        leaves = None if curve.passed else curve.leaves(limit)
        at = "-" if worst is None else str(curve.steps[worst])
        rows.append(
            (
                curve.name,
                "; ".join(filter(None, (curve.keras, curve.note))) or curve.kind,
                (*_figures(ratio, drift), at, "-" if leaves is None else str(leaves)),
                curve.passed,
                report_rows.value(ratio),
            )
        )
    heads = ("TF1's variable", "Keras variable", "worst ratio", "drift", "at step", "leaves TF1 by")
    yield from _table("Training", heads, rows, width)
    yield from _outputs("Outputs after training", training["after"]["outputs"], width)


def _outputs(title: str, outputs: Sequence[Row], width: int) -> Iterable[Any]:
    rows = [
        (
            row["output"],
            row["tf1"],
            _figures(row["ratio"], row["drift"]),
            row["passed"],
            report_rows.value(row["ratio"]),
        )
        for row in outputs
    ]
    yield from _table(title, ("output", "TF1's tensor", "ratio", "drift"), rows, width)


def _figures(ratio: Any, drift: Any) -> tuple[str, str]:
    return report_words.number(ratio), report_words.percent(drift)


def _table(
    title: str,
    heads: Sequence[str],
    rows: Sequence[tuple[str, str, Sequence[str], bool | None, float]],
    width: int,
) -> Iterable[Any]:
    """Yields a table, and a line on the rows that have no room; nothing without rows.

    Args:
        title: of the table.
        heads: of the columns, without the verdict's.
        rows: name, counterpart, figures, verdict, and the ratio that is sorted by.
        width: characters of the terminal.
    """
    if not rows:
        return
    keys = [report_rows.urgency(passed, ratio) for *_, passed, ratio in rows]
    shown = report_rows.kept(keys, ROWS)
    narrow = width < NARROW
    yield Text(f"\n{title}", "bold")
    view = Table(box=box.SIMPLE if narrow else box.ROUNDED)
    name, counterpart, *figures = heads
    view.add_column(f"{name},\n{counterpart}" if narrow else name, overflow="fold")
    if not narrow:
        view.add_column(counterpart, overflow="fold")
    for head in figures:
        view.add_column(head.replace(" ", "\n", 1), justify="right", no_wrap=True)
    view.add_column("verdict", no_wrap=True)
    for named, other, said, passed, _ in map(rows.__getitem__, shown):
        names = [_plain(named), _plain(other)]
        if narrow:
            names = [Text("\n").join(each for each in names if each)]
        view.add_row(*names, *said, _mark(passed))
    yield view
    if left := len(rows) - len(shown):
        differ = sum(rows[k][3] is False for k in set(range(len(rows))) - set(shown))
        yield Text(f"{left} more rows have no room here; {differ} of them differ.")


def _mark(passed: bool | None) -> Text:
    return Text("-") if passed is None else PASSED if passed else FAILED


def _unpaired(results: Row) -> Iterable[Any]:
    """Yields what has no counterpart, and what was not compared."""
    for side, name in (("tf1", "TF1"), ("keras", "Keras")):
        if left := results["unmatched"][side]:
            yield Text(f"\n{name} variables without a counterpart", "bold")
            rows = [f"  {each['name']} {report_words.shape(each['shape'])}" for each in left]
            yield from _listed(rows)
    if offers := results["unmatched"]["offers"]:
        yield Text("\nWhat a map may hold for these", "bold")
        yield from _listed([f"  {each}" for each in offers])
    if results["not_compared"]:
        yield Text("\nNot compared", "bold")
        yield from _listed([f"  {each['name']}: {each['why']}" for each in results["not_compared"]])


def _listed(lines: Sequence[str]) -> Iterable[Text]:
    yield from map(_plain, lines[:ROWS])
    if len(lines) > ROWS:
        yield Text(f"  and {len(lines) - ROWS} more")
