"""Selects what the terminal and the page show of a verification's results."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from tf_recipes.verify.reports import document_schema

Row = Mapping[str, Any]  # of a verification's results
LOSS = "loss"  # the kind of the row of the losses


@dataclasses.dataclass(frozen=True)
class Curve:
    """Holds what was compared of one variable, or of the losses, step by step.

    `drifts` is empty for the losses, of which only the ratio is known. `passed` is the verdict.
    """

    name: str
    keras: str
    kind: str
    steps: tuple[int, ...]
    ratios: tuple[float, ...]
    drifts: tuple[float, ...]
    passed: bool
    note: str

    @property
    def worst(self) -> int | None:
        """Returns the index of the largest ratio; NaN counts as the largest; None without steps."""
        if not self.ratios:
            return None
        return max(range(len(self.ratios)), key=lambda k: severity(self.ratios[k]))

    @property
    def worst_ratio(self) -> float:
        """Returns the largest ratio; NaN counts as the largest; 0 without steps."""
        return 0.0 if self.worst is None else self.ratios[self.worst]

    def leaves(self, limit: float) -> int | None:
        """Returns the first of the steps whose ratio is above the limit, or None."""
        outside = (
            step
            for step, ratio in zip(self.steps, self.ratios, strict=True)
            if not ratio <= limit  # NaN is outside, too
        )
        return next(outside, None)


def severity(ratio: float) -> float:
    """Returns a key that sorts ratios, with NaN as the largest."""
    return math.inf if math.isnan(ratio) else ratio


def value(number: float | str | None) -> float:
    """Returns a number of the results as a float; null gives NaN.

    >>> value("inf"), value(2)
    (inf, 2.0)
    """
    return math.nan if number is None else float(number)


def curves(results: Row) -> list[Curve]:
    """Returns the losses, if there are any, and what was compared of the variables, in order.

    Args:
        results: a verification's results; without a training, the list is empty.
    """
    training = results["training"]
    if training is None:
        return []
    found = [
        Curve(
            name=row["tf1"],
            keras=row["keras"] or "",
            kind=row["kind"],
            steps=tuple(training["steps"]),
            ratios=_values(row["ratio"]),
            drifts=_values(row["drift"]),
            passed=row["passed"],
            note=row["note"] or "",
        )
        for row in training["variables"]
    ]
    losses = training["losses"]
    if not losses["ratio"]:
        return found
    ratios = _values(losses["ratio"])
    limit = results["settings"]["limit"]
    loss = Curve(
        name="losses",
        keras="",
        kind=LOSS,
        steps=tuple(document_schema.loss_steps(results, "ratio")),
        ratios=ratios,
        drifts=(),
        passed=all(ratio <= limit for ratio in ratios),
        note="",
    )
    return [loss, *found]


def _values(numbers: Sequence[float | str | None]) -> tuple[float, ...]:
    return tuple(map(value, numbers))


def kept(keys: Sequence[tuple[int, float]], most: int) -> list[int]:
    """Returns the indices of the `most` largest keys, in ascending order.

    Args:
        keys: of `urgency`, one for each row.
        most: how many rows there is room for.
    """
    return sorted(sorted(range(len(keys)), key=keys.__getitem__, reverse=True)[:most])


def urgency(passed: bool | None, ratio: float, is_first: bool = False) -> tuple[int, float]:
    """Returns a key by which `kept` prefers what differs, then what has the largest ratio.

    Args:
        passed: the verdict; None for what was not compared, which has the lowest key.
        ratio: the worst ratio.
        is_first: whether this is the first failure, which has the highest key.
    """
    rank = {None: 0, True: 1, False: 2}[passed]
    return 3 if is_first else rank, severity(ratio)


def code_parts(text: str) -> list[tuple[str, bool]]:
    """Returns `[(part, is code)]` of a text with code between backticks.

    A text with a backtick that nothing closes has no code.

    >>> code_parts("write `a` here")
    [('write ', False), ('a', True), (' here', False)]
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return [(text, False)]
    return [(part, bool(k % 2)) for k, part in enumerate(parts) if part]
