"""Writes the sentences of the report, for readers of the page and for screen readers."""

from collections.abc import Mapping, Sequence
from typing import Any

from tf_recipes.parity.reports import document as documents
from tf_recipes.parity.reports import formatting
from tf_recipes.parity.trace import reference

Row = Mapping[str, Any]  # of the check's results
Rows = Mapping[str, Row]  # by port


def headline(document: Row) -> str:
    """Returns the verdict in one sentence.

    Args:
        document: the check's results, of `document.build` or read back from JSON.
    """
    status, rows = documents.exit_status(document), document["results"]
    tf1 = _reference(document)
    if status == 0:
        return f"Passed: every exact port does what {tf1} did"
    if status == 2:
        count = sum(map(documents.is_unjudged, rows))
        return f"Could not be judged: {count} of {_traces(rows)}" if rows else "Nothing was judged"
    exact = [row for row in rows if row["port"] == "exact"]
    if not exact:
        return "Nothing is proven: no exact port was judged"
    wrong = sum(not row["passed"] for row in exact)
    if not wrong:
        return "Failed: random draws do not have TensorFlow 1's distribution"
    return f"Failed: {wrong} of {_count(len(exact), 'exact port')} left the band of {tf1}"


def _reference(document: Row) -> str:
    """Returns what the traces were recorded on; "TensorFlow 1" only if every provenance says so."""
    names = {reference(trace["provenance"]) for trace in document["traces"]}
    if names <= {"TF 1.15"}:
        return "TensorFlow 1"
    return names.pop() if len(names) == 1 else "TF1's graph in different TensorFlows"


def _traces(rows: Sequence[Row]) -> str:
    return _count(len({(row["name"], documents.is_unjudged(row)) for row in rows}), "trace")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def number(value: float | None) -> str:
    """Returns a number with three digits, or "not finite" for null."""
    return "not finite" if value is None else formatting.number(value)


def percent(value: float | None) -> str:
    """Returns a drift in percent, or "not finite" for null."""
    return "not finite" if value is None else formatting.percent(value)


def verdict(row: Row) -> str:
    """Returns the verdict on one port as one word."""
    if "error" in row:
        return "refused"
    return "match" if row["passed"] else "differs"


def place(at: Row | None) -> str:
    """Returns `step, variable`, as in the terminal's table."""
    return "" if at is None else f"{at['step']}, {at['variable']}"


def story(row: Row) -> str:
    """Returns the sentences on one port: where it first leaves TF1, and its worst ratio."""
    if "error" in row:
        return f"Keras refuses what TF1 took: {row['error']}"
    first, worst = row["first_failure"], row["worst_at"]
    if first:
        start = (
            f"First leaves TF1's band by step {first['step']}, in {first['variable']}: "
            f"drift {percent(first['drift'])}, {_times(first['ratio'])}."
        )
    else:
        start = "Never leaves TF1's band."
    largest = (
        f"Its worst ratio is {number(row['worst_ratio'])}, at step {worst['step']} in "
        f"{worst['variable']}; its largest drift is {percent(row['drift'])}."
    )
    return " ".join(filter(None, (start, _no_loss(row), largest)))


def _times(ratio: float | None) -> str:
    return "a ratio that is not finite" if ratio is None else f"{number(ratio)} times TF1's own"


def _no_loss(row: Row) -> str:
    """Returns a sentence on the first step whose loss is not finite; empty if there is none."""
    if None not in row["losses"]:
        return ""
    return f"Its loss is NaN or infinite by step {row['losses'].index(None) + 1}."


def losses(trace: Row, rows: Rows) -> str:
    """Describes the figure of the losses."""
    curves = [(reference(trace["provenance"]), trace["losses"])]
    curves += [(f"Keras 3, {port}", row["losses"]) for port, row in rows.items()]
    sentences = [f"Training loss over {_count(len(trace['losses']), 'step')}."]
    for name, values in curves:
        sentences.append(f"{name}: {number(values[0])} at first, {number(values[-1])} at the end.")
    return " ".join(sentences)


def drifts(trace: Row, rows: Rows, limit: float) -> str:
    """Describes the figure of the drifts.

    Args:
        trace, rows: one of `document.traces(...)`.
        limit: the largest ratio of a port that matches.
    """
    curve = next(iter(rows.values()))["curve"]
    own = ", ".join(
        f"{number(point['sensitivity'])} at step {point['step']}" for point in ends(curve)
    )
    name = reference(trace["provenance"])
    sentences = [
        "Largest relative drift of a variable over the steps, on a logarithmic axis.",
        f"{name} started one ulp away: {own}. The band ends at {limit:g} times that drift.",
    ]
    for port, row in rows.items():
        drift = ", ".join(
            f"{number(point['drift'])} at step {point['step']}" for point in ends(row["curve"])
        )
        first = row["first_failure"]
        where = f"leaves the band by step {first['step']}" if first else "never leaves the band"
        sentences.append(f"Keras 3, {port}: {drift}; {where}.")
    return " ".join(sentences)


def ends(curve: Sequence[Row]) -> Sequence[Row]:
    """Returns the first and the last point of a curve; a curve of one point gives that point."""
    return curve if len(curve) == 1 else [curve[0], curve[-1]]


def deviations(errors: Mapping[str, float | None]) -> str:
    """Returns how far each statistic of random draws is from TF1's, in standard errors."""
    return "; ".join(
        f"{name} not TF1's" if value is None else f"{name} {number(value)}"
        for name, value in errors.items()
    )
