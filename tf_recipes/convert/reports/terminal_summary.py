"""Prints what a conversion made to a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tf_recipes._support.visible import shortened, visible
from tf_recipes.convert.reports import conversion_schema
from tf_recipes.parity.reports.marks import FAILED, PASSED

Row = Mapping[str, Any]

ROWS = 40  # of a table; a terminal shows about as many lines


def print_summary(document: Row, console: Console, files: str | None) -> None:
    """Prints the layers, what was left out, the notes and the verdict, which comes last.

    Args:
        document: the results of a conversion.
        console: where to print.
        files: the names of the written files; None where nothing was written.
    """
    console.print(_layers(document))
    if document["dropped"]:
        console.print(_left_out(document), soft_wrap=True)
    for note in document["notes"]:
        console.print(Text(f"Note: {visible(note)}"), soft_wrap=True)
    mark = PASSED if document["passed"] else FAILED
    line = Text.assemble("\n", mark, f" {visible(document['message'])}.")
    console.print(line, soft_wrap=True)
    if files:
        console.print(Text(visible(files)), soft_wrap=True)


def _layers(document: Row) -> Table:
    table = Table("layer", "class", "from TF1's variables")
    owned = conversion_schema.owned(document)
    for each in document["layers"][:ROWS]:
        names = ", ".join(shortened(name, 40) for name in owned[each["name"]][:4])
        table.add_row(Text(visible(each["name"])), Text(each["class"]), Text(names))
    more = len(document["layers"]) - ROWS
    if more > 0:
        table.add_row(f"and {more} more", "", "")
    return table


def _left_out(document: Row) -> Text:
    parts = [f"{each['count']} of {each['kind']} ({each['why']})" for each in document["dropped"]]
    return Text("Left out: " + "; ".join(parts) + ".")
