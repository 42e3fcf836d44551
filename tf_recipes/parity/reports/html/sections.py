"""Selects what the report shows of the check's results, as plain dicts for the templates."""

import itertools
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from tf_recipes.parity import random_draws, verdict
from tf_recipes.parity.reports import document as documents
from tf_recipes.parity.reports.html import safe, words
from tf_recipes.parity.trace import reference
from tf_recipes.recipe import PORT_NAMES

# The scale of the small figure in a row of the table: powers of ten from one edge to the other.
LOWEST, HIGHEST = -2, 9
WIDTH = 110
PAIRS = 30  # keys of a trace's provenance that the page shows
KEY, VALUE = 80, 400  # bytes of a key and of a value

Row = Mapping[str, Any]  # of the check's results
Entry = dict[str, Any]  # of the page: one trace


def build(document: Row) -> dict[str, Any]:
    """Returns what the templates show, without the figures.

    Args:
        document: the check's results, of `document.build` or read back from JSON.
    """
    status = documents.exit_status(document)
    entries = _entries(document)
    return {
        "status": status,
        "statuses": verdict.STATUSES,
        "state": ("passed", "failed", "unjudged")[status],
        "headline": words.headline(document),
        "summary": document["summary"],
        "command": _command(document["command"]),
        "limit": document["limit"],
        "statistics_limit": random_draws.LIMIT,
        "versions": document["versions"],
        "ports": [port for port in PORT_NAMES if any(port in entry["cells"] for entry in entries)],
        "entries": entries,
        "errors": [entry for entry in entries if entry["error"]],
        "differing": [entry for entry in entries if _differs(entry)],
        "limit_at": position(document["limit"]),
        "distributions": [_distribution(each) for each in document["distributions"]],
    }


def _entries(document: Row) -> list[Entry]:
    """Returns an entry for each trace, judged or not, in the order of the results."""
    judged = {trace["name"]: (trace, rows) for trace, rows in documents.traces(document)}
    refused = {row["name"]: row for row in document["results"] if _refused(row)}
    anchors = safe.Anchors()
    entries: list[Entry] = []
    for row in document["results"]:
        if documents.is_unjudged(row):
            entries.append(_unjudged(row, anchors))
        elif row["name"] in judged:  # the trace's first row
            name, (trace, rows) = row["name"], judged.pop(row["name"])
            entries.append(_judged(trace, rows, refused.get(name), document["limit"], anchors))
    return entries


def _refused(row: Row) -> bool:
    """Returns whether the row stands for a textbook port that Keras refuses."""
    return "error" in row and not documents.is_unjudged(row)


def _judged(
    trace: Row, rows: Mapping[str, Row], refused: Row | None, limit: float, anchors: safe.Anchors
) -> Entry:
    """Returns the entry of a trace that was judged."""
    cells = {port: _cell(row) for port, row in rows.items()}
    if refused:
        cells[refused["port"]] = _cell(refused)
    return {
        "name": trace["name"],
        "title": safe.title(trace["name"]),
        "anchor": anchors.new(trace["name"]),
        "error": "",
        "cells": cells,
        "trace": trace,
        "rows": rows,
        "command": _command(trace["command"]),
        "reference": reference(trace["provenance"]),
        "in_words": (words.losses(trace, rows), words.drifts(trace, rows, limit)),
        "spec": safe.as_json(trace["spec"]),
        "provenance": _provenance(trace["provenance"]),
    }


def _provenance(values: Row) -> list[tuple[str, Any]]:
    """Returns the first `[(key, value)]`, each cut: a trace may have thousands, and megabytes."""
    pairs = [
        (safe.shortened(key, KEY), safe.shortened(_plain(value), VALUE))
        for key, value in itertools.islice(values.items(), PAIRS)
    ]
    left = len(values) - PAIRS
    return [*pairs, ("and more, left out:", left)] if left > 0 else pairs


def _command(text: str | None) -> Markup | None:
    return None if text is None else safe.whole(text)


def _unjudged(row: Row, anchors: safe.Anchors) -> Entry:
    """Returns the entry of a trace that could not be judged."""
    # The terminal's table has the file's name, too; the section has the whole path.
    title = safe.title(PurePath(row["name"]).name)
    return {
        "name": row["name"],
        "title": title,
        "anchor": anchors.new(title),
        "error": row["error"],
        "command": _command(row.get("command")),
        "cells": {},
        "trace": None,
    }


def _cell(row: Row) -> dict[str, Any]:
    """Returns what the table and the section show of one port."""
    return {
        "verdict": words.verdict(row),
        "passed": row["passed"],
        "ratio": words.number(row["worst_ratio"]) if "error" not in row else "-",
        "ratio_key": row["worst_ratio"],
        "drift": words.percent(row["drift"]) if "error" not in row else "-",
        "drift_key": row["drift"],
        "place": words.place(row["worst_at"]),
        "story": words.story(row),
        "at": None if "error" in row else position(row["worst_ratio"]),
    }


def _differs(entry: Entry) -> bool:
    return "exact" in entry["cells"] and not entry["cells"]["exact"]["passed"]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else safe.as_json(value)


def position(ratio: float | None) -> float:
    """Returns the x of a ratio in a row's small figure; a ratio off the scale is at the edge."""
    if ratio is None:
        return float(WIDTH)
    exponent = math.log10(ratio) if ratio > 0 else LOWEST
    share = (min(max(exponent, LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
    return round(WIDTH * share, 1)


def _distribution(each: Row) -> dict[str, Any]:
    """Returns what the page shows of one distribution and port."""
    ratio = each["ratio"]
    return {
        **each,
        "verdict": words.verdict(each),
        "difference": "not finite" if ratio is None else f"{100 * (ratio - 1):+.3f} %",
        "deviations": words.deviations(each["standard_errors"]),
    }
