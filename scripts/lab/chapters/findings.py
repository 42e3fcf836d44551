"""Holds the findings of a chapter's measurement, as they are printed and written."""

import dataclasses
import json
import math
import os

from lab.chapters.intervals import Estimate
from tf_recipes._support import versions


@dataclasses.dataclass(frozen=True)
class Claim:
    """Holds a sentence of the chapter, and the verdict of the measurement.

    Args:
        text: the sentence, in English.
        holds: whether the measurement bears the sentence out.
        measured: the figures that decide the verdict, in words.
    """

    text: str
    holds: bool
    measured: str

    def line(self):
        """Returns the claim and the verdict in one line."""
        verdict = "borne out" if self.holds else "NOT borne out"
        return f"{verdict}: {self.text} Measured: {self.measured}"


@dataclasses.dataclass(frozen=True)
class Findings:
    """Holds the results of a chapter's measurement.

    Args:
        settings: dict, the settings of the measurement.
        runs: list of dicts, one for each training, with every figure, not averaged.
        summary: list of dicts, the rows of the printed tables; a change of keys begins a new table.
        claims: list of `Claim`.
        also: dict, further data for the JSON and the figures.
    """

    settings: dict
    runs: list
    summary: list
    claims: list
    also: dict = dataclasses.field(default_factory=dict)

    def to_json(self):
        """Returns all results and the versions as JSON text; null for a number not finite."""
        contents = {**dataclasses.asdict(self), "environment": environment()}
        return json.dumps(_plain(contents), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def environment():
    """Returns the versions of the libraries and the number of usable cores."""
    return {**versions.installed(), "cores": len(os.sched_getaffinity(0))}


def _plain(value):
    """Returns `value` in the types of JSON: lists for arrays, None for numbers not finite."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # an array or a scalar of NumPy
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def cell(value):
    """Returns a value of the summary as the text of a table's cell."""
    if isinstance(value, Estimate):
        return value.text()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
