import dataclasses
import io
import types

import numpy as np
import pytest
from rich.console import Console

from tf_recipes.parity.comparison import Comparison, Drift
from tf_recipes.parity.judge import Result
from tf_recipes.parity.reports import terminal_table
from tf_recipes.recipe import Recipe

NAN, INF = float("nan"), float("inf")


def compared(port, *drifts, losses=(1.0,)):
    return Comparison("momentum", port, tuple(Drift(*each) for each in drifts), np.array(losses))


def result(name="momentum", *comparisons):
    trace = types.SimpleNamespace(recipe=Recipe("momentum", optimizer={"name": "adam"}))
    return Result(name, trace, comparisons)


EXACT = compared("exact", (1, "hidden1/weights", 2e-7, 1e-7), (5, "logits", 3.3e-7, 1e-7))
TEXTBOOK = compared("textbook", (1, "hidden1/weights", 0.25, 1e-7), (5, "logits", 1e-3, 1e-7))
ERROR = Result("some/folder/bad.npz", error="some/folder/bad.npz: spec: missing")
DRAWN = types.SimpleNamespace(
    name="he",
    port="exact",
    passed=False,
    std_ratio=1.0029,
    deviations={"std": 12.5, "max": INF},
    worst=("std", 12.5),
)


def text(renderable, width=160):
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()


def row(rendered, word):
    (line,) = (line for line in rendered.splitlines() if word in line)
    return [cell.strip() for cell in line.strip("│┃ ").split("│")]


def test_a_row_holds_the_figures():
    rendered = text(
        terminal_table.table([result("momentum", EXACT, TEXTBOOK)], ["exact", "textbook"])
    )
    assert row(rendered, "momentum") == [
        "momentum",
        "match",
        "3.3",
        "5, logits",
        "2.5e+06",
        "25 %",
        "epsilon 1e-7, not 1e-8",
    ]


def test_a_port_that_differs():
    wrong = compared("exact", (1, "hidden1/weights", 2e-6, 1e-7), (5, "logits", 1e-7, 1e-7))
    cells = row(text(terminal_table.table([result("momentum", wrong)], ["exact"])), "momentum")
    assert cells[:4] == ["momentum", "DIFFERS", "20", "1, hidden1/weights"]


def test_nan_is_the_worst():
    wrong = compared("exact", (1, "a", NAN, 1e-7), (5, "b", INF, 1e-7))
    cells = row(text(terminal_table.table([result("momentum", wrong)], ["exact"])), "momentum")
    assert cells[1:4] == ["DIFFERS", "nan", "1, a"]
    assert np.isnan(wrong.largest_drift)


@pytest.mark.parametrize(("ports", "columns"), [(["exact"], 4), (["textbook"], 4)])
def test_only_the_ports_that_were_judged_have_columns(ports, columns):
    results = [result("momentum", {"exact": EXACT, "textbook": TEXTBOOK}[ports[0]]), ERROR]
    rendered = text(terminal_table.table(results, ports))
    assert len(row(rendered, "momentum")) == columns
    cells = row(rendered, "bad.npz")
    assert len(cells) == columns
    assert cells[1:] == (
        ["not judged", "-", "-"]
        if ports == ["exact"]
        else ["-", "-", "not judged: see the line below"]
    )


def test_markup_in_a_name_is_printed_as_it_is():
    name = "[red]x (a[/b]/[bold].npz)"
    results = [result(name, EXACT, TEXTBOOK), Result("in/[link=x]bad.npz", error="no")]
    rendered = text(terminal_table.table(results, ["exact", "textbook"]))
    assert row(rendered, "[red]")[0] == name
    assert row(rendered, "bad")[0] == "[link=x]bad.npz"


def test_the_table_of_what_is_drawn():
    cells = row(text(terminal_table.distribution_table([DRAWN])), "he ")
    assert cells == ["he", "exact", "DIFFERS", "+0.290 %", "std: 12.5 standard errors"]
    impossible = types.SimpleNamespace(**{**vars(DRAWN), "worst": ("max", INF)})
    assert row(text(terminal_table.distribution_table([impossible])), "he ")[-1] == "max: not TF1's"


def test_in_a_narrow_terminal_nothing_is_cut_off():
    rows = [result("exponential_decay_staircase", EXACT, TEXTBOOK), ERROR]
    rendered = text(terminal_table.table(rows, ["exact", "textbook"], width=80), width=80)
    for word in (
        "why they differ",
        "exponential_decay",
        "staircase",
        "1e-7, not",
        "1e-8",
        "match",
        "3.3",
        "5, logits",
        "2.5e+06",
        "25 %",
        "epsilon",
        "bad.npz",
        "not judged",
    ):
        assert word in rendered
    assert "…" not in rendered
    drawn = text(terminal_table.distribution_table([DRAWN]), width=60)
    assert "DIFFERS" in drawn
    assert "…" not in drawn


def test_a_textbook_port_that_keras_refuses_is_said_and_not_passed():
    refused = dataclasses.replace(result("a", EXACT), failed={"textbook": "momentum > 1"})
    rendered = text(terminal_table.table([refused], ["exact", "textbook"]))
    assert row(rendered, "match")[-1] == "Keras refuses it: momentum > 1"
