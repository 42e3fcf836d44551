"""Writes the sentences of the reports, for readers of a terminal or the page alike."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tf_recipes.parity.reports import formatting
from tf_recipes.verify.reports import document_schema, report_rows
from tf_recipes.verify.reports.report_rows import Curve

Row = Mapping[str, Any]  # of a verification's results
STATUSES = {document_schema.MATCH: 0, document_schema.DIFFERS: 1, document_schema.NOT_JUDGED: 2}
NO_REASON = "None of the known differences that were tried removes this drift."


def headline(results: Row) -> str:
    """Returns the verdict in a few words."""
    return {
        document_schema.MATCH: "The port does what TF1 did",
        document_schema.DIFFERS: "The port leaves TF1",
        document_schema.NOT_JUDGED: "The port could not be judged",
    }[results["verdict"]]


def number(value: float | str | None) -> str:
    """Returns a number with three digits, "not finite" for NaN and infinity, "-" for null.

    >>> number(1234.5), number("inf"), number(None)
    ('1.23e+03', 'not finite', '-')
    """
    return _said(value, formatting.number)


def percent(value: float | str | None) -> str:
    """Returns a drift in percent, "not finite" for NaN and infinity, "-" for null."""
    return _said(value, formatting.percent)


def _said(value: float | str | None, say: Any) -> str:
    if value is None:
        return "-"
    found = report_rows.value(value)
    return say(found) if math.isfinite(found) else "not finite"


def times(ratio: float | str | None) -> str:
    """Returns a ratio in words."""
    said = number(ratio)
    return "a ratio that is not finite" if said == "not finite" else f"{said} times TF1's own"


def verdict(passed: bool | None) -> str:
    """Returns the verdict on one row."""
    return {True: "match", False: "differs", None: "not compared"}[passed]


def stage(first: Row) -> str:
    """Returns when the port first leaves TF1.

    Args:
        first: `first_failure` of the results, not null.
    """
    if first["stage"] == "map":
        return "In the map of variables"
    if first["stage"] == "forward":
        return "In the forward pass, before training"
    return "In training" if first["step"] is None else f"At training step {first['step']}"


def mended(reason: Row) -> str:
    """Returns what one change does to the worst ratio."""
    return f"worst ratio {number(reason['ratio_before'])} → {number(reason['ratio_after'])}"


def place(reason: Row) -> str:
    """Returns where in the port a change belongs; empty if nothing is known of it."""
    line = None if reason["line"] is None else f"line {reason['line']}"
    part = reason["layer"]
    if part is not None:
        part = "the optimizer" if part == document_schema.OPTIMIZER else f"layer {part}"
    return ", ".join(filter(None, (reason["file"], line, part)))


def shape(sizes: Sequence[int]) -> str:
    """Returns a shape as Python writes it.

    >>> shape([3]), shape([3, 4])
    ('(3,)', '(3, 4)')
    """
    return str(tuple(sizes))


def story(curve: Curve, limit: float) -> str:
    """Describes the curve of a variable or of the losses in one sentence."""
    if not curve.ratios:
        return "No step was compared."
    ends = [0] if len(curve.steps) == 1 else [0, len(curve.steps) - 1]
    said = ", ".join(f"{number(curve.ratios[k])} at step {curve.steps[k]}" for k in ends)
    leaves = curve.leaves(limit)
    outside = "" if leaves is None else f"; above the limit of {limit:g} by step {leaves}"
    return f"Ratio {said}{outside}."


def compared(results: Row) -> str:
    """Returns what was compared with what, and how, in one sentence; empty where nothing was."""
    reference, model, settings = (results[key] for key in ("reference", "model", "settings"))
    if not (reference and model and settings):
        return ""
    return (
        f"{model['path']} against {reference['path']} on {reference['runs_on']}: "
        f"{settings['steps']} training steps of {settings['batch_size']} rows, seed "
        f"{settings['seed']}; TF1's own drift from {settings['starts']} starts one ulp away."
    )


def message(results: Row) -> str:
    """Returns the results' own sentence; empty where the first failure says the same."""
    first = results["first_failure"]
    same = first is not None and first["text"].strip() in results["message"]
    return "" if same else results["message"]


def untrained(results: Row) -> str:
    """Returns why no training step was run, in one sentence."""
    if not results["forward"]["passed"]:
        return "No training step was run, because the forward pass differs already."
    if results["unmatched"]["tf1"] or results["unmatched"]["keras"]:
        return "No training step was run, because variables have no counterpart."
    return "No training step was run."
