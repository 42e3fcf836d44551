"""Refuses a map of variables that neither names, nor the graph, nor values tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.verify import report_document
from tf_recipes.verify.bench import map_orders
from tf_recipes.verify.bench.result import Result


class AmbiguousMap(ValueError):
    """Says that nothing tells which variables belong together.

    `pairs` are the rows of a map to begin with, as in the results' `map`.
    """

    def __init__(self, text: str, pairs: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(text)
        self.pairs = pairs


def refuse(result: Result) -> None:
    """Refuses a map that is a guess.

    Raises:
        AmbiguousMap: always; it names variables that may belong together in several ways.
    """
    group = max(map_orders.groups(result.found), key=len)

    def listed(names: Iterable[str]) -> str:
        known = [repr(shortened(name, 60)) for name in names]
        more = f" and {len(known) - 4} more" if len(known) > 4 else ""
        return ", ".join(known[:4]) + more

    theirs = [next(iter(unit.tf1.values())) for unit in group]
    ours = [next(iter(unit.keras.values())) for unit in group]
    what = "predictions" if not result.predicts else "training"
    try:
        validation.fail(
            "Names, the graph or equal predictions must tell which variables belong together.",
            f"{listed(theirs)} of TF1 and {listed(each.path for each in ours)} of the model, all "
            f"of shape {tuple(ours[0].shape)}; the {what} differs in every order that was tried",
            "Write a map to begin with by write_map=FILE, correct its pairs, and pass it by "
            "map=FILE; in Python pass variable_map={TF1's variable: path}.",
        )
    except ValueError as error:
        raise AmbiguousMap(str(error), report_document.map_rows(result)) from None
