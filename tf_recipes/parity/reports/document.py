"""Makes one dict of the check's results, for JSON, figures, the HTML report and the docs.

Keys:
    passed, exit_status, summary, command, limit, versions: of the whole check.
    results: a row for each trace and port. `curve` has, for each recorded step, the largest drift
        of a variable and TF1's own drift. `first_failure` is where the port first leaves TF1, or
        null. `error` says why a port has no figures. A row with `error` and `command` stands for
        a trace that could not be judged; the command judges that trace once more.
    traces: a row for each judged trace: TF1's losses, the recipe's spec, provenance, why the
        textbook port differs, and the command that judges the trace once more.
    distributions: a row for each distribution and port.

NaN and infinity become null.
"""

import collections
import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tf_recipes._support import files, versions
from tf_recipes.parity import judge, references, verdict
from tf_recipes.parity.comparison import LIMIT, Comparison, Drift
from tf_recipes.parity.judge import Result
from tf_recipes.parity.reports.check_summary import summary
from tf_recipes.parity.trace import Trace
from tf_recipes.recipe import PORT_NAMES

if TYPE_CHECKING:
    from tf_recipes.parity.random_draws import DistributionCheck

Row = dict[str, Any]
Command = Callable[[str | None], str | None]


def build(
    results: Sequence[Result],
    distributions: Sequence["DistributionCheck"] = (),
    command: Command | None = None,
    ports: Sequence[str] = PORT_NAMES,
) -> Row:
    """Returns the check's results as a dict.

    Args:
        results: one for each trace.
        distributions: the checks of random draws.
        command: a function from a trace's name to the command that judges that trace, and from
            None to the command of the whole check; None where no command ran.
        ports: the ports of the check; the first stands for a trace that could not be judged.
    """
    command = command or (lambda name: None)
    unjudged_port = "exact" if "exact" in ports else ports[0]
    judged = [(result, result.trace) for result in results if result.trace is not None]
    names = collections.Counter(trace.recipe.name for _, trace in judged)
    status = judge.exit_status(results, distributions)
    return {
        "passed": status == 0,
        "exit_status": status,
        "summary": summary(results, distributions),
        "command": command(None),
        "limit": LIMIT,
        "versions": versions.installed(),
        "results": [row for result in results for row in _rows(result, unjudged_port, command)],
        "traces": [
            _trace(result, trace, command(_command_name(trace, names))) for result, trace in judged
        ],
        "distributions": [_distribution(each) for each in distributions],
    }


def exit_status(document: Mapping[str, Any]) -> int:
    """Returns the exit status that the check ended with.

    Results written before the key `exit_status` existed have their status decided from the rows,
    by the same rule.

    Args:
        document: the check's results, of `build` or read back from JSON.
    """
    if "exit_status" in document:
        return int(document["exit_status"])
    rows = document["results"]
    drawn = document["distributions"]
    exact = [row["passed"] for row in [*rows, *drawn] if row["port"] == "exact"]
    return verdict.exit_status(bool(rows) and not any(map(is_unjudged, rows)), exact)


def is_unjudged(row: Mapping[str, Any]) -> bool:
    """Returns whether a row of the results stands for a trace that could not be judged.

    Such a row is the exact port's, or has a command. A textbook port that Keras refuses was
    judged: TF1 did not refuse the recipe, so the refusal is a result.
    """
    return "error" in row and (row["port"] == "exact" or "command" in row)


def write(path: str | os.PathLike[str], document: Mapping[str, Any]) -> None:
    """Writes the check's results as JSON, each list of numbers on one line.

    Args:
        path: the file; an older file is replaced once the new one is whole.
        document: the check's results, of `build`.

    Raises:
        OSError: if the file cannot be written.
        ValueError: for NaN or infinity.
    """
    text = json.dumps(document, indent=1, allow_nan=False)
    # In JSON a line never breaks inside a string, so only lists are touched.
    text = re.sub(r"\[\n[-+.\deEnul,\s]+\]", lambda match: " ".join(match[0].split()), text)
    with files.replacing(path) as partial:
        partial.write_text(text + "\n")


def traces(document: Mapping[str, Any]) -> list[tuple[Row, dict[str, Row]]]:
    """Returns `[(trace, {port: row})]`: the rows of each judged trace, in the results' order.

    A port that Keras refuses has no row.

    Args:
        document: the check's results, of `build` or read back from JSON.
    """
    rows: dict[str, dict[str, Row]] = {}
    for row in document["results"]:
        if "error" not in row:
            rows.setdefault(row["name"], {})[row["port"]] = row
    return [(trace, rows[trace["name"]]) for trace in document["traces"]]


def _command_name(trace: Trace, names: Mapping[str, int]) -> str:
    """Returns what `--recipe` calls one trace: the recipe's name if it is unique, else the file's.

    Args:
        trace: a `Trace`.
        names: how many traces each recipe's name has.
    """
    name = trace.recipe.name
    return name if names[name] == 1 else _stem(trace.source, name)


def _stem(source: str, name: str) -> str:
    """Returns a trace file's name without its ending, or `name` for a live trace."""
    path = Path(source)
    return path.stem if path.suffix.lower() == ".npz" else name


def _rows(result: Result, unjudged_port: str, command: Command) -> Iterator[Row]:
    """Yields a row for each port of a result, or the one row of a trace that was not judged."""
    if result.error:
        row = _failure(result.name, unjudged_port, result.error)
        yield {**row, "command": command(_stem(result.name, result.name))}
    for compared in result.comparisons:
        yield _row(result.name, compared)
    for port, why in result.failed.items():
        yield _failure(result.name, port, why)


def _row(name: str, compared: Comparison) -> Row:
    """Returns the row of a port that was judged."""
    worst = compared.worst
    return {
        "name": name,
        "port": compared.port,
        "passed": compared.passed,
        "worst_ratio": finite(worst.ratio),
        "worst_at": {"step": worst.step, "variable": worst.variable},
        "drift": finite(compared.largest_drift),
        "sensitivity": finite(worst.sensitivity),
        "first_failure": _place(compared.first_failure),
        "curve": [_point(*point) for point in compared.by_step()],
        "losses": [finite(loss) for loss in compared.losses],
    }


def _place(drift: Drift | None) -> Row | None:
    if drift is None:
        return None
    return {
        "step": drift.step,
        "variable": drift.variable,
        "drift": finite(drift.drift),
        "ratio": finite(drift.ratio),
    }


def _point(step: int, drift: float, sensitivity: float) -> Row:
    return {"step": step, "drift": finite(drift), "sensitivity": finite(sensitivity)}


def _failure(name: str, port: str, error: str) -> Row:
    """Returns a row without figures."""
    empty = ("worst_ratio", "worst_at", "drift", "sensitivity", "first_failure", "curve", "losses")
    return {"name": name, "port": port, "passed": False, **dict.fromkeys(empty), "error": error}


def _trace(result: Result, trace: Trace, command: str | None) -> Row:
    """Returns the row of a judged trace."""
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


def _source(source: str) -> str:
    """Returns a trace's path; a shipped trace has its file's name, the same on every machine."""
    path = Path(source)
    return path.name if path.parent == Path(references.RECORDED) else str(source)


def _distribution(each: "DistributionCheck") -> Row:
    return {
        "name": each.name,
        "port": each.port,
        "passed": each.passed,
        "ratio": finite(each.std_ratio),
        "standard_errors": {key: finite(z) for key, z in each.deviations.items()},
    }


def finite(value: float) -> float | None:
    """Returns the value as a float, or None for NaN and infinity, which JSON does not have."""
    return float(value) if math.isfinite(value) else None
