"""What an experiment found, as it is printed and written."""

import dataclasses
import json
import math
import os

from lab.chapters.intervals import Estimate
from tf_recipes._support import versions


@dataclasses.dataclass(frozen=True)
class Claim:
    """A sentence of the document, and what the measurement says to it.

    Args:
        text: the sentence, in English.
        holds: whether the measurement bears it out.
        measured: the figures that decide it, in words.
    """

    text: str
    holds: bool
    measured: str

    def line(self):
        """The claim and the verdict in one line."""
        verdict = "borne out" if self.holds else "NOT borne out"
        return f"{verdict}: {self.text} Measured: {self.measured}"


@dataclasses.dataclass(frozen=True)
class Findings:
    """What was measured.

    Args:
        settings: dict, what it was measured with.
        runs: list of dicts, one for each training: every figure, nothing averaged.
        summary: list of dicts, the rows that are printed; other keys begin another table.
        claims: list of `Claim`.
        also: dict of anything else, for the JSON and the figures.
    """

    settings: dict
    runs: list
    summary: list
    claims: list
    also: dict = dataclasses.field(default_factory=dict)

    def to_json(self):
        """The text of the JSON file: all of it, and the versions; null for what is not finite."""
        whole = {**dataclasses.asdict(self), "environment": environment()}
        return json.dumps(_plain(whole), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def environment():
    """The versions and the processor that the figures come from."""
    return {**versions.installed(), "cores": len(os.sched_getaffinity(0))}


def _plain(value):
    """What JSON can hold of `value`."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy's arrays and scalars
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def cell(value):
    """A value of the summary as the table shows it."""
    if isinstance(value, Estimate):
        return value.text()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
