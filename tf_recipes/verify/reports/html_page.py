"""Writes a verification's results as one HTML page, which needs no network and no other file."""

import itertools
import os
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from tf_recipes._support import files
from tf_recipes.parity import comparison
from tf_recipes.parity.reports import plots
from tf_recipes.parity.reports.html import safe, sections, templates
from tf_recipes.parity.reports.html.figures import Figures, panel
from tf_recipes.verify.reports import document_schema, ratio_curves, report_rows, report_words
from tf_recipes.verify.reports.report_rows import Curve

Row = Mapping[str, Any]  # of a verification's results

ROWS = 500  # of a table; what differs comes first where there are more
NAME = 400  # bytes of a name in a table
STATES = {
    document_schema.MATCH: "passed",
    document_schema.DIFFERS: "failed",
    document_schema.NOT_JUDGED: "unjudged",
}


def write(path: str | os.PathLike[str], document: Row) -> None:
    """Writes the page.

    Args:
        path: the file; an older file is replaced once the new one is whole.
        document: a verification's results, made here or read back from JSON.

    Raises:
        OSError: if the file cannot be written.
        ValueError: for results that `document_schema.check` refuses.
    """
    text = html(document)
    with files.replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def html(document: Row) -> str:
    """Returns the results as the text of an HTML page; equal results give equal texts.

    A table has at most 500 rows, those of what differs first, and says how many it leaves out.

    Args:
        document: a verification's results, made here or read back from JSON.

    Raises:
        ValueError: for results that `document_schema.check` refuses.
    """
    document_schema.check(document)
    limit = document["settings"]["limit"] if document["settings"] else comparison.LIMIT
    figures = Figures()
    anchors = safe.Anchors("row")
    training = _training(document, figures, anchors)
    forward = _forward(document, anchors)
    style = "\n".join(
        [plots.THEME, templates.own("style.css"), templates.own("verify.css", __package__)]
    )
    style += figures.styles()
    script = templates.own("sort.js")
    return templates.template("verify.html", __package__).render(
        state=STATES[document["verdict"]],
        status=report_words.STATUSES[document["verdict"]],
        verdict=document["verdict"],
        headline=report_words.headline(document),
        message=report_words.message(document),
        compared=report_words.compared(document),
        reference=document["reference"],
        model=document["model"],
        settings=document["settings"],
        limit=limit,
        limit_at=sections.position(limit),
        first=_first_failure(document, [*(forward or {}).get("rows", []), *training["rows"]]),
        reasons=[_reason(each, limit) for each in document["reasons"]],
        no_reason=document["verdict"] == document_schema.DIFFERS and report_words.NO_REASON,
        forward=forward,
        training=training,
        map=_map(document),
        unmatched=[
            (name, *_first(document["unmatched"][side]))
            for side, name in (("tf1", "TF1"), ("keras", "Keras"))
        ],
        not_compared=_first(document["not_compared"]),
        offers=_first(document["unmatched"]["offers"]),
        untrained=report_words.untrained(document) if document["forward"] else "",
        shape=report_words.shape,
        style=Markup(style),
        script=Markup(script),
        style_hash=templates.digest(style),
        script_hash=templates.digest(script),
    )


def _first(rows: Sequence[Row]) -> tuple[Sequence[Row], int]:
    """Returns the first rows, as many as a table has room for, and the number of the others."""
    return rows[:ROWS], max(len(rows) - ROWS, 0)


def _name(text: str) -> str:
    """Returns a name in visible characters; a very long one is cut, and says so."""
    return safe.shortened(text, NAME) if text else "(no name)"


def _parts(text: str) -> list[tuple[str, bool]]:
    """Returns the parts of a text with code between backticks."""
    return report_rows.code_parts(text)


def _reason(reason: Row, limit: float) -> dict[str, Any]:
    """Returns what the page shows of one change."""
    return {
        "parts": _parts(reason["text"]),
        "before": report_words.number(reason["ratio_before"]),
        "after": report_words.number(reason["ratio_after"]),
        "enough": report_rows.value(reason["ratio_after"]) <= limit,
        "before_at": _position(reason["ratio_before"]),
        "after_at": _position(reason["ratio_after"]),
        "code": safe.whole(reason["code"]),
        "place": report_words.place(reason),
        "page": reason["page"],
        "name": reason["name"],
    }


def _position(ratio: float | str) -> float:
    """Returns the x of a ratio in a small figure; one that is not finite is at the edge."""
    found = report_rows.value(ratio)
    return sections.position(None if report_rows.severity(found) == float("inf") else found)


def _first_failure(document: Row, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Returns what the page shows of the first failure, with the row that it leads to."""
    first = document["first_failure"]
    if first is None:
        return None
    row = next((row for row in rows if row["raw"] == first["name"] and not row["passed"]), None)
    return {
        "text": first["text"],
        "stage": report_words.stage(first),
        "name": _name(first["name"]),
        # in the map there is nothing to measure
        "drift": report_words.percent(first["drift"]) if first["stage"] != "map" else "",
        "ratio": report_words.times(first["ratio"]),
        "anchor": row and row["anchor"],
    }


def _forward(document: Row, anchors: safe.Anchors) -> dict[str, Any] | None:
    """Returns what the page shows of the forward pass; None where there was none."""
    forward = document["forward"]
    if forward is None:
        return None
    first = forward["first_difference"]
    layers = _table(forward["layers"], "layer", anchors, first)
    outputs = _table(forward["outputs"], "output", anchors, first)
    for row in (*layers["rows"], *outputs["rows"]):
        row["first"] = row["raw"] == first and row["passed"] is False
        if row["first"]:
            first = None  # a name that two rows have is marked once
    return {
        "passed": forward["passed"],
        "layers": layers,
        "outputs": outputs,
        "rows": [*layers["rows"], *outputs["rows"]],
    }


def _table(
    rows: Sequence[Row], named: str, anchors: safe.Anchors, first: str | None = None
) -> dict[str, Any]:
    """Returns the rows of layers or outputs that have room, and the number of the others.

    Args:
        rows: layers or outputs.
        named: the key of their names.
        anchors: makes the rows' ids.
        first: the name of the first that differs, whose row is always shown.
    """
    keys = [
        report_rows.urgency(row["passed"], report_rows.value(row["ratio"]), row[named] == first)
        for row in rows
    ]
    shown = [
        {
            "raw": row[named],
            "name": _name(row[named]),
            "class": _name(row["class"]) if "class" in row else "",
            "tf1": _name(row["tf1"]) if row["tf1"] is not None else "",
            "drift": report_words.percent(row["drift"]),
            "ratio": report_words.number(row["ratio"]),
            "at": None if row["ratio"] is None else _position(row["ratio"]),
            "passed": row["passed"],
            "verdict": report_words.verdict(row["passed"]),
            "first": False,
            "anchor": anchors.new(row[named]),
        }
        for row in map(rows.__getitem__, report_rows.kept(keys, ROWS))
    ]
    return {"rows": shown, "left": len(rows) - len(shown)}


def _training(document: Row, figures: Figures, anchors: safe.Anchors) -> dict[str, Any]:
    """Returns what the page shows of the training steps; without a training, no rows."""
    curves = report_rows.curves(document)
    if document["training"] is None:
        return {"run": False, "rows": [], "left": 0, "figures": [], "outputs": None}
    limit = document["settings"]["limit"]
    common = ratio_curves.axis(curves, limit)
    first = document["first_failure"]["name"] if document["first_failure"] else None
    keys = [
        report_rows.urgency(curve.passed, curve.worst_ratio, curve.name == first)
        for curve in curves
    ]
    shown = [curves[k] for k in report_rows.kept(keys, ROWS)]
    steps = document["training"]["steps"]
    rows = [_curve(curve, common, limit, anchors) for curve in shown]
    return {
        "run": True,
        "passed": document["training"]["passed"],
        "rows": rows,
        "leaving": sorted(
            (row for row in rows if not row["passed"] and row["leaves"] != "-"),
            key=lambda row: row["leaves"],
        ),
        "left": len(curves) - len(shown),
        "figures": _figures(document, curves, common, figures) if steps else [],
        "lowest": f"{10.0**common.low:g}",
        "highest": f"{10.0**common.high:g}",
        "first_step": steps[0] if steps else "-",
        "last_step": steps[-1] if steps else "-",
        "outputs": _table(document["training"]["after"]["outputs"], "output", anchors),
    }


def _curve(
    curve: Curve, common: ratio_curves.Axis, limit: float, anchors: safe.Anchors
) -> dict[str, Any]:
    """Returns the row of a variable, or of the losses."""
    worst = curve.worst
    ratio = None if worst is None else curve.ratios[worst]
    leaves = None if curve.passed else curve.leaves(limit)
    return {
        "raw": curve.name,
        "name": _name(curve.name),
        "keras": _name(curve.keras) if curve.keras else "",
        "kind": curve.kind,
        "passed": curve.passed,
        "verdict": report_words.verdict(curve.passed),
        "ratio": report_words.number(ratio),
        "ratio_key": "" if ratio is None or report_rows.severity(ratio) == float("inf") else ratio,
        "at": "-" if worst is None else curve.steps[worst],
        "drift": report_words.percent(
            curve.drifts[worst] if worst is not None and curve.drifts else None
        ),
        "leaves": "-" if leaves is None else leaves,
        "note": curve.note,
        "story": report_words.story(curve, limit),
        "small": ratio_curves.small(curve, common, limit),
        "anchor": anchors.new(curve.name),
    }


def _figures(
    document: Row, curves: Sequence[Curve], common: ratio_curves.Axis, figures: Figures
) -> list[tuple[Markup, str]]:
    """Draws the figures of all curves, each with its caption."""
    limit = document["settings"]["limit"]
    ratios = panel(lambda axes: ratio_curves.draw_ratios(axes, curves, common, limit), columns=2)
    differ = [curve for curve in curves if not curve.passed]
    said = (
        f"Ratio of {len(curves)} curves over the training steps, on a logarithmic axis; the limit "
        f"is {limit:g}. {len(differ)} leave TF1. The table below has each."
    )
    drawn = [(figures.svg(ratios, "verify/ratios", said), "Ratio over the training steps")]
    losses = document["training"]["losses"]
    if losses["tf1"]:
        both = panel(lambda axes: ratio_curves.draw_losses(axes, document), columns=2)
        ends = [
            f"{name}: {report_words.number(values[0])} at first, "
            f"{report_words.number(values[-1])} at the end."
            for name, values in (("TF1", losses["tf1"]), ("Keras 3", losses["keras"]))
        ]
        said = " ".join(["Training loss.", *ends])
        drawn.append((figures.svg(both, "verify/losses", said), "Training loss"))
    return drawn


def _map(document: Row) -> dict[str, Any]:
    """Returns the pairs of variables that have room, and the number of the others."""
    rows, left = _first(document["map"])
    return {
        "rows": [
            {
                "tf1": _name(row["tf1"]),
                "keras": None if row["keras"] is None else _name(row["keras"]),
                "shape": report_words.shape(row["shape"]),
                "how": row["how"] or "-",
                "transposed": row["transposed"],
                "slots": [
                    {key: _name(slot[key]) for key in ("tf1", "keras", "role")}
                    for slot in itertools.islice(row["slots"], 20)
                ],
            }
            for row in rows
        ],
        "left": left,
        "transposed": any(row["transposed"] for row in document["map"]),
    }
