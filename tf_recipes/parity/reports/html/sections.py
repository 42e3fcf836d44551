"""What the report shows of a document, in the order of the page: plain dicts for the template."""

import itertools
import math
from pathlib import PurePath

from tf_recipes.parity import random_draws
from tf_recipes.parity.reports import document as documents
from tf_recipes.parity.reports.html import safe, words
from tf_recipes.parity.trace import reference
from tf_recipes.recipe import PORTS

# The scale of the small figure in a row of the table: powers of ten from one edge to the other.
LOWEST, HIGHEST = -2, 9
WIDTH = 110
PAIRS = 30  # of a trace's provenance
KEY, VALUE = 80, 400  # bytes of each


def build(document):
    """All that the template needs but the figures."""
    status = words.exit_status(document)
    entries = _entries(document)
    return {
        "status": status,
        "statuses": words.STATUSES,
        "state": ("passed", "failed", "unjudged")[status],
        "headline": words.headline(document),
        "summary": document["summary"],
        "command": _command(document["command"]),
        "limit": document["limit"],
        "statistics_limit": random_draws.LIMIT,
        "versions": document["versions"],
        "ports": [port for port in PORTS if any(port in entry["cells"] for entry in entries)],
        "entries": entries,
        "errors": [entry for entry in entries if entry["error"]],
        "differing": [entry for entry in entries if _differs(entry)],
        "limit_at": position(document["limit"]),
        "distributions": [_distribution(each) for each in document["distributions"]],
    }


def _entries(document):
    """One for each trace, judged or not, in the order of the results."""
    judged = {trace["name"]: (trace, rows) for trace, rows in documents.traces(document)}
    refused = {row["name"]: row for row in document["results"] if _refused(row)}
    anchors, entries = safe.Anchors(), []
    for row in document["results"]:
        if words.unjudged(row):
            entries.append(_unjudged(row, anchors))
        elif row["name"] in judged:  # the first of its rows
            name, (trace, rows) = row["name"], judged.pop(row["name"])
            entries.append(_judged(trace, rows, refused.get(name), document["limit"], anchors))
    return entries


def _refused(row):
    return "error" in row and not words.unjudged(row)


def _judged(trace, rows, refused, limit, anchors):
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


def _provenance(values):
    """`[(key, value)]`, cut: a trace may bring thousands, and megabytes of them."""
    pairs = [
        (safe.shortened(key, KEY), safe.shortened(_plain(value), VALUE))
        for key, value in itertools.islice(values.items(), PAIRS)
    ]
    left = len(values) - PAIRS
    return [*pairs, ("and more, left out:", left)] if left > 0 else pairs


def _command(text):
    return None if text is None else safe.whole(text)


def _unjudged(row, anchors):
    # The console calls it by its file's name, too; the section has the whole path.
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


def _cell(row):
    """What the table and the section say of one port."""
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


def _differs(entry):
    return "exact" in entry["cells"] and not entry["cells"]["exact"]["passed"]


def _plain(value):
    return value if isinstance(value, str) else safe.as_json(value)


def position(ratio):
    """Where a ratio stands in a row's small figure; what is off the scale stands at its edge."""
    if ratio is None:
        return float(WIDTH)
    exponent = math.log10(ratio) if ratio > 0 else LOWEST
    share = (min(max(exponent, LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
    return round(WIDTH * share, 1)


def _distribution(each):
    ratio = each["ratio"]
    return {
        **each,
        "verdict": words.verdict(each),
        "difference": "not finite" if ratio is None else f"{100 * (ratio - 1):+.3f} %",
        "deviations": words.deviations(each["standard_errors"]),
    }
