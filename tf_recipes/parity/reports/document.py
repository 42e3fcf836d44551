"""The check's results as one JSON document: for programs, figures, the HTML report and the docs.

Keys:
    passed, summary, command, versions: of the whole check.
    results: a row for each trace and port; `curve` has, for each recorded step, the largest drift
        of a variable and TF1's own drift; `first_failure` is where the port first leaves TF1, or
        null. `error` says why a port has no figures; with a `command` beside it, that judges it
        again, the whole trace could not be judged.
    traces: what each trace is: TF1's losses, the recipe's spec, provenance, why the textbook port
        differs, and the command that judges it again.
    distributions: a row for each distribution and port.

NaN and infinity become null.
"""

import collections
import json
import math
import re
from pathlib import Path

from tf_recipes._support import files, versions
from tf_recipes.parity import judge, references
from tf_recipes.parity.comparison import LIMIT
from tf_recipes.parity.reports import terminal_table
from tf_recipes.recipe import PORTS


def build(results, distributions=(), command=None, ports=PORTS):
    """The document as a dict.

    Args:
        results: `judge.Result`s.
        distributions: `distributions.Check`s.
        command: a function that gives the command for a trace's name, and for None the one that
            was run; None where no command was.
        ports: those that were asked for; the first stands for a trace that could not be judged.
    """
    command = command or (lambda name: None)
    unjudged = "exact" if "exact" in ports else ports[0]
    names = collections.Counter(r.trace.recipe.name for r in results if r.trace is not None)
    return {
        "passed": judge.exit_status(results, distributions) == 0,
        "summary": terminal_table.summary(results, distributions),
        "command": command(None),
        "limit": LIMIT,
        "versions": versions.installed(),
        "results": [row for result in results for row in _rows(result, unjudged, command)],
        "traces": [
            _trace(result, command(_alone(result.trace, names)))
            for result in results
            if result.trace is not None
        ],
        "distributions": [_distribution(each) for each in distributions],
    }


def write(path, document):
    """Writes the document, whole or not at all; a list of numbers stands on one line."""
    text = json.dumps(document, indent=1, allow_nan=False)
    # In JSON a line never breaks inside a string, so only lists are touched.
    text = re.sub(r"\[\n[-+.\deEnul,\s]+\]", lambda found: " ".join(found[0].split()), text)
    with files.replacing(path) as partial:
        partial.write_text(text + "\n")


def traces(document):
    """`[(trace, {port: row})]` of the document: what was compared with each trace, in its order.

    A port that Keras refuses has no row.
    """
    rows = {}
    for row in document["results"]:
        if "error" not in row:
            rows.setdefault(row["name"], {})[row["port"]] = row
    return [(trace, rows[trace["name"]]) for trace in document["traces"]]


def _alone(trace, names):
    """What `--recipe` knows the trace by: its recipe's name, or its file's where others bear it."""
    name = trace.recipe.name
    return name if names[name] == 1 else _stem(trace.source, name)


def _stem(source, name):
    """A file's name without its ending; `name` for what was trained live."""
    path = Path(source)
    return path.stem if path.suffix.lower() == ".npz" else name


def _rows(result, unjudged, command):
    if result.error:
        row = _failure(result.name, unjudged, result.error)
        yield {**row, "command": command(_stem(result.name, result.name))}
    for compared in result.comparisons:
        yield _row(result.name, compared)
    for port, why in result.failed.items():
        yield _failure(result.name, port, why)


def _row(name, compared):
    worst = compared.worst
    return {
        "name": name,
        "port": compared.port,
        "passed": compared.passed,
        "worst_ratio": finite(worst.ratio),
        "worst_at": {"step": worst.step, "variable": worst.variable},
        "drift": finite(terminal_table.largest(compared)),
        "sensitivity": finite(worst.sensitivity),
        "first_failure": _place(compared.first_failure),
        "curve": [_point(*point) for point in compared.by_step()],
        "losses": [finite(loss) for loss in compared.losses],
    }


def _place(drift):
    if drift is None:
        return None
    return {
        "step": drift.step,
        "variable": drift.variable,
        "drift": finite(drift.drift),
        "ratio": finite(drift.ratio),
    }


def _point(step, drift, sensitivity):
    return {"step": step, "drift": finite(drift), "sensitivity": finite(sensitivity)}


def _failure(name, port, error):
    empty = ("worst_ratio", "worst_at", "drift", "sensitivity", "first_failure", "curve", "losses")
    return {"name": name, "port": port, "passed": False, **dict.fromkeys(empty), "error": error}


def _trace(result, command):
    trace = result.trace
    return {
        "name": result.name,
        "recipe": trace.recipe.name,
        "source": _source(trace.source),
        "why": result.why,
        "note": result.note,
        "command": command,
        "provenance": dict(trace.provenance),
        "spec": trace.recipe.to_spec(),
        "losses": [finite(loss) for loss in trace.losses],
    }


def _source(source):
    """What shipped with the package is called by its name, whoever's disk it lies on."""
    path = Path(source)
    return path.name if path.parent == Path(references.RECORDED) else str(source)


def _distribution(each):
    return {
        "name": each.name,
        "port": each.port,
        "passed": each.passed,
        "ratio": finite(each.std_ratio),
        "standard_errors": {key: finite(z) for key, z in each.deviations.items()},
    }


def finite(value):
    """`value`, or None where JSON has no number for it."""
    return float(value) if math.isfinite(value) else None
