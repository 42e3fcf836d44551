"""Chooses the idiom of each function, and so which of the possible rewrites are done.

A function gets one idiom. What TF1 understands as well may be written anywhere. Keras is written in
a function only where nothing of TF1 is left in it afterwards.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from tf_recipes.scan.fixing.function_units import Function
from tf_recipes.scan.terms.rewrite import EITHER, KERAS
from tf_recipes.scan.terms.tf1_calls import Call, New

# first line, first column, last line, last column; columns count characters from 0
Place = tuple[int, int, int, int]


class Planned(NamedTuple):
    """Holds the rewrite of a call: the function that makes the new one, and what it is shown."""

    make: Callable[[Call], New]
    name: str
    order: list[str] | None
    inline: bool
    is_rate: bool
    keeps_function: bool
    is_same_name: bool


class Kept(NamedTuple):
    """Holds a function that keeps TF1's idiom though some of it could be rewritten, and why."""

    function: Function
    reasons: list[str]


class Candidate(NamedTuple):
    """Holds a rewrite that may be done: its idiom, its places, whether the code needs it.

    It is the call that is planned, or else a new name, or else the form of a shape.
    """

    idiom: str
    place: Place
    planned: Planned | None
    new_name: str
    needed: bool
    consumed: frozenset[Place]
    form: str = ""


class Choice(NamedTuple):
    """Holds the rewrites that are done, by their places, and the functions that keep TF1's idiom.

    `removed` are the places of the values of assignments that nothing needs any more, and `shapes`
    the forms of `shape_forms.py`.
    """

    calls: Mapping[Place, Planned]
    names: Mapping[Place, str]
    shapes: Mapping[Place, str]
    removed: frozenset[Place]
    kept: list[Kept]


class Chooser:
    """Chooses among the rewrites of one file.

    Args:
        candidates: the rewrites that may be done in each function.
        blocked: what keeps each function in TF1's idiom, with the places.
        aliases: the values of assignments that calls decide about, in each function.
        self_lines: the lines of assignments to attributes, each as `(first, behind the last)`.
    """

    def __init__(
        self,
        candidates: Mapping[Function, list[Candidate]],
        blocked: Mapping[Function, list[tuple[Place, str]]],
        aliases: Mapping[Function, set[Place]],
        self_lines: list[tuple[int, int]],
    ) -> None:
        self._candidates, self._blocked = candidates, blocked
        self._aliases, self._self_lines = aliases, self_lines

    def choice(self) -> Choice:
        """Returns the rewrites that are done."""
        calls: dict[Place, Planned] = {}
        names: dict[Place, str] = {}
        shapes: dict[Place, str] = {}
        kept = []
        removed: set[Place] = set()
        candidates, blocked = self._candidates, self._blocked
        why = {each: self._reasons(candidates[each], blocked.get(each, ())) for each in candidates}
        for each in blocked:
            why.setdefault(each, self._reasons([], blocked[each]))
        self._share(candidates, why)
        for function, listed in candidates.items():
            reasons = why[function]
            wanted = any(each.idiom == KERAS and each.needed for each in listed)
            becomes_keras = wanted and not reasons
            if wanted and reasons:
                kept.append(Kept(function, sorted(set(reasons))))
            if becomes_keras:
                removed |= self._aliases.get(function, set())
            for place, candidate in _best(listed, becomes_keras).items():
                if candidate.planned is not None:
                    calls[place] = candidate.planned
                elif candidate.form:
                    shapes[place] = candidate.form
                else:
                    names[place] = candidate.new_name
        kept += self._refused({each.function for each in kept})
        kept.sort(key=lambda each: each.function.first)
        return Choice(calls, names, shapes, frozenset(removed), kept)

    def _refused(self, known: set[Function]) -> list[Kept]:
        """Returns the functions in which each rewrite of a call was refused, with the reasons."""
        found = []
        for function, listed in self._blocked.items():
            reasons = sorted({reason for _, reason in listed if " (" in reason})
            if reasons and function not in known:
                found.append(Kept(function, reasons))
        return found

    def _reasons(
        self, found: Iterable[Candidate], blocked: Iterable[tuple[Place, str]]
    ) -> list[str]:
        """Returns what keeps a function from becoming Keras."""
        consumed = [place for each in found if each.idiom == KERAS for place in each.consumed]
        return [
            reason
            for place, reason in blocked
            if reason and not any(_inside(place, outer) for outer in consumed)
        ]

    def _share(
        self, candidates: Mapping[Function, list[Candidate]], why: dict[Function, list[str]]
    ) -> None:
        """Gives the methods of a class one idiom, where one keeps in `self` what is rewritten."""
        sharing = set()
        for function, found in candidates.items():
            owner = function.name.rpartition(".")[0]
            places = {each.place for each in found if each.idiom == KERAS and each.needed}
            if owner and any(self._is_kept_in_self(place) for place in places):
                sharing.add(owner)
        for owner in sharing:
            methods = [each for each in why if each.name.rpartition(".")[0] == owner]
            reasons = [reason for each in methods for reason in why[each]]
            for each in methods:
                why[each] = reasons

    def _is_kept_in_self(self, place: Place) -> bool:
        return any(place[0] in range(*lines) for lines in self._self_lines)


def _best(listed: Iterable[Candidate], becomes_keras: bool) -> dict[Place, Candidate]:
    """Returns the rewrite of each place of a function."""
    chosen: dict[Place, Candidate] = {}
    for candidate in listed:
        if candidate.idiom == KERAS and not becomes_keras:
            continue
        before = chosen.get(candidate.place)
        if before is None or (candidate.idiom == KERAS and before.idiom == EITHER):
            chosen[candidate.place] = candidate
    return chosen


def _inside(inner: Place, outer: Place) -> bool:
    return outer[:2] <= inner[:2] and inner[2:] <= outer[2:]
