"""Writes a conversion's results as one HTML page, which needs no network and no other file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from tf_recipes.convert.reports import conversion_schema
from tf_recipes.parity import comparison
from tf_recipes.parity.reports import plots
from tf_recipes.parity.reports.html import safe, sections, templates
from tf_recipes.verify.reports import report_rows, report_words

Row = Mapping[str, Any]  # of a conversion's results

ROWS = 500  # of a table, and of the nodes of all layers together
VARIABLES = 12  # of one layer
NAME = 400  # bytes of a name in a table
_VERIFY = "tf_recipes.verify.reports"  # has the styles that tables of names need
_ELSEWHERE = "no layer of its own"


def html(document: Row) -> str:
    """Returns the results as the text of an HTML page; equal results give equal texts.

    A table has at most 500 rows, and says how many it leaves out.

    Args:
        document: a conversion's results, made here or read back from JSON.

    Raises:
        ValueError: for results that `conversion_schema.check` refuses.
    """
    conversion_schema.check(document)
    style = "\n".join(
        [
            plots.THEME,
            templates.own("style.css"),
            templates.own("verify.css", _VERIFY),
            templates.own("conversion.css", __package__),
        ]
    )
    script = templates.own("sort.js")
    anchors = safe.Anchors("row")
    passed = document["passed"]
    return templates.template("conversion.html", __package__).render(
        state="passed" if passed else "failed",
        headline=_headline(document),
        compared=document["training_not_compared"] is None,
        document=document,
        message=document["message"],
        limit=comparison.LIMIT,
        limit_at=sections.position(comparison.LIMIT),
        layers=_first(_layers(document)),
        predictions=_first([_prediction(each) for each in document["predictions"]]),
        training=_training(document["training"], document["training_not_compared"]),
        groups=_groups(document["nodes"], anchors),
        nodes=len(document["nodes"]),
        nodes_left=max(len(document["nodes"]) - ROWS, 0),
        variables=_first([_variable(each) for each in document["variables"]]),
        dropped=_first(document["dropped"]),
        notes=_first(document["notes"]),
        shape=_shape,
        style=Markup(style),
        script=Markup(script),
        style_hash=templates.digest(style),
        script_hash=templates.digest(script),
    )


def _headline(document: Row) -> str:
    if not document["passed"]:
        return "The model leaves TF1"
    if document["training_not_compared"] is not None:
        return "The model predicts as TF1 did; its training was not compared"
    return "The model does what TF1 did"


def _first(rows: Sequence[Any]) -> dict[str, Any]:
    """Returns the rows that there is room for, and the number of the others."""
    return {"rows": rows[:ROWS], "left": max(len(rows) - ROWS, 0)}


def _name(text: str) -> str:
    """Returns a name in visible characters; a very long one is cut, and says so."""
    return safe.shortened(text, NAME) if text else "(no name)"


def _names(texts: Sequence[str]) -> list[str]:
    """Returns the first of several names, and the number of the others."""
    more = len(texts) - VARIABLES
    return [*map(_name, texts[:VARIABLES]), *([f"and {more} more"] if more > 0 else [])]


def _shape(sizes: Sequence[int | None]) -> str:
    return f"({', '.join('?' if each is None else str(each) for each in sizes)})"


def _layers(document: Row) -> list[dict[str, Any]]:
    """Returns the rows of the layers, each with TF1's variables that it owns."""
    owned = conversion_schema.owned(document)
    return [
        {
            "name": _name(each["name"]),
            "class": each["class"],
            "code": each["code"],
            "line": each["line"],
            "tf1": _names(owned[each["name"]]),
        }
        for each in document["layers"]
    ]


def _prediction(row: Row) -> dict[str, Any]:
    ratio = report_rows.value(row["ratio"])
    finite = report_rows.severity(ratio) != float("inf")
    return {
        "name": _name(row["tensor"]),
        "verdict": report_words.verdict(row["passed"]),
        "drift": report_words.percent(row["drift"]),
        "sensitivity": report_words.percent(row["sensitivity"]),
        "ratio": report_words.number(row["ratio"]),
        "at": sections.position(ratio if finite else None),
    }


def _training(verification: Row | None, not_compared: str | None) -> dict[str, Any] | None:
    """Returns what the page shows of the training steps; None for predictions alone."""
    if verification is None and not_compared is None:
        return None
    if verification is None or not_compared is not None:
        table = _first([])
        verdict = report_words.verdict(None)
        return {"verdict": verdict, "message": not_compared, "steps": 0, "table": table}
    rows = []
    for curve in report_rows.curves(verification):
        worst = curve.worst
        rows.append(
            {
                "name": _name(curve.name),
                "kind": curve.kind,
                "verdict": report_words.verdict(curve.passed),
                "ratio": report_words.number(None if worst is None else curve.ratios[worst]),
                "at": "-" if worst is None else curve.steps[worst],
                "order": (curve.passed, -report_rows.severity(curve.worst_ratio)),
            }
        )
    rows.sort(key=lambda row: row["order"])
    training, settings = verification["training"], verification["settings"]
    return {
        "verdict": report_words.verdict(verification["passed"]),
        "message": report_words.message(verification) or report_words.headline(verification),
        "steps": settings["steps"] if settings and training is not None else 0,
        "table": _first(rows),
    }


def _groups(nodes: Sequence[Row], anchors: safe.Anchors) -> list[dict[str, Any]]:
    """Returns the nodes that there is room for, by the layer or function that they became."""
    groups: dict[str, list[Row]] = {}
    for each in nodes[:ROWS]:
        groups.setdefault(each["in"], []).append(each)
    return [
        {
            "name": _name(name) if name else _ELSEWHERE,
            "anchor": anchors.new(name),
            "rows": [
                {
                    "name": _name(each["name"]),
                    "op": _name(each["op"]),
                    "pattern": each["pattern"] or "serves another node",
                }
                for each in rows
            ],
        }
        for name, rows in groups.items()
    ]


def _variable(row: Row) -> dict[str, Any]:
    return {
        "keras": _name(row["keras"]),
        "tf1": _names(row["tf1"]),
        "shape": _shape(row["shape"]),
        "transform": row["transform"] or "as it is",
    }
