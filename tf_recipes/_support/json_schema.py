"""Describes the keys of JSON results with types and meanings, and checks results by them."""

import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened

# JSON has no NaN and no infinity.
NOT_FINITE = ("nan", "inf", "-inf")


@dataclasses.dataclass(frozen=True)
class Kind:
    """Holds a type of values: its name in the tables, and the function that recognises a value."""

    words: str
    accepts: Callable[[Any], bool]
    # keys of the object, or of each object of the list, follow in the table
    of_objects: bool = False


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value in NOT_FINITE
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return numeric and abs(value) <= sys.float_info.max  # False for NaN, too


def _is_amount(value: Any) -> bool:
    return _is_number(value) and value != "-inf" and (isinstance(value, str) or value >= 0)


def or_null(kind: Kind) -> Kind:
    """Returns a kind that also takes null."""
    return dataclasses.replace(
        kind,
        words=f"{kind.words} or null",
        accepts=lambda value: value is None or kind.accepts(value),
    )


def list_of(kind: Kind, plural: str) -> Kind:
    """Returns the kind of a list."""
    return Kind(
        f"list of {plural}",
        lambda value: isinstance(value, list) and all(map(kind.accepts, value)),
        kind.of_objects,
    )


def one_of(*choices: str) -> Kind:
    """Returns the kind of some texts."""
    words = " or ".join(f'"{each}"' for each in choices)
    return Kind(words, lambda value: isinstance(value, str) and value in choices)


FLAG = Kind("true or false", lambda value: isinstance(value, bool))
TEXT = Kind("text", lambda value: isinstance(value, str))
WHOLE = Kind("whole number", _is_whole)
NUMBER = Kind("number", _is_number)
AMOUNT = Kind("number of at least 0", _is_amount)
OBJECT = Kind("object", lambda value: isinstance(value, dict), True)
TEXTS, WHOLES = list_of(TEXT, "texts"), list_of(WHOLE, "whole numbers")
NUMBERS = list_of(NUMBER, "numbers")
AMOUNTS = list_of(AMOUNT, "numbers of at least 0")
OBJECTS = list_of(OBJECT, "objects")


class Schema:
    """Checks documents of one format, and shows its keys as tables.

    Args:
        keys: `(path, kind, meaning)`; `a.b` is the key `b` of the object `a`, `a[].b` of each
            object of a list.
        version: the value of the key `format`.
        name: what errors call a document, such as "A verification's results".
        page: the page of the documentation that has the tables.
    """

    def __init__(
        self, keys: Sequence[tuple[str, Kind, str]], version: str, name: str, page: str
    ) -> None:
        self.keys, self.version, self.name, self.page = keys, version, name, page
        self._kinds = {path: kind for path, kind, _ in keys}
        self._members = {
            path: self._below(path) for path, kind in self._kinds.items() if kind.of_objects
        }

    def _below(self, path: str) -> set[str]:
        """Returns the keys of the object at a path, or of each object of that list."""
        start = f"{path}[]." if self._kinds[path].words.startswith("list") else f"{path}."
        return {
            key[len(start) :].split(".")[0].removesuffix("[]")
            for key in self._kinds
            if key.startswith(start)
        }

    def check(self, document: Any) -> None:
        """Checks that a document has all the keys, no other keys, and values of their types.

        Args:
            document: made here, or read back from JSON.

        Raises:
            ValueError: for the first key that is missing, unknown or of another type.
        """
        what = self.name.partition(" ")[2].rpartition(" ")[2]
        if not isinstance(document, dict):
            self.refuse(f"{self.name} must be an object.", f"the {what}", document)
        if document.get("format") != self.version:
            self.refuse(f"`format` must be {self.version!r}.", "format", document.get("format"))
        self._check_keys("", document, {path for path in self._kinds if "." not in path})

    def _check_keys(
        self, place: str, value: Mapping[str, Any], expected: set[str], path: str = ""
    ) -> None:
        """Checks the keys of one object, and what is below them.

        Args:
            place: the object in words, such as `map[3]`; "" for the results as a whole.
            value: the object.
            expected: its keys.
            path: the beginning of its keys' paths.
        """
        here = f"`{place}`" if place else self.name
        for key in value:
            if key not in expected:
                self.refuse(f"{here} must have the keys of the schema alone.", "unknown key", key)
        for key in sorted(expected):
            if key not in value:
                self.refuse(f"{here} must have the key `{key}`.", "its keys", sorted(value))
            self._check_value(f"{place}.{key}" if place else key, value[key], f"{path}{key}")

    def _check_value(self, place: str, value: Any, path: str) -> None:
        kind = self._kinds[path]
        if not kind.accepts(value):
            self.refuse(f"`{place}` must be: {kind.words}.", place, value)
        if not kind.of_objects or value is None:
            return
        if isinstance(value, dict):
            self._check_keys(place, value, self._members[path], f"{path}.")
        else:
            for number, each in enumerate(value):
                self._check_keys(f"{place}[{number}]", each, self._members[path], f"{path}[].")

    def refuse(self, rule: str, name: str, value: Any) -> NoReturn:
        """Raises the error for a value that breaks a rule."""
        validation.fail(
            rule,
            f"{name}={shortened(repr(value))}",
            f"Write the results anew with this version; {self.page} has the keys.",
        )

    def tables(self, heading: str = "##") -> str:
        """Returns the keys as Markdown: a heading and a table for each key with more below it.

        Args:
            heading: the signs before a heading, of its level.
        """
        lines = ["| key | type | content |", "|---|---|---|"]
        groups: dict[str, list[str]] = {}
        for path, kind, meaning in self.keys:
            top = path.partition(".")[0].removesuffix("[]")
            row = f"| `{path}` | {_cell(kind.words)} | {_cell(meaning)} |"
            groups.setdefault(top, []).append(row)
        alone = [rows[0] for rows in groups.values() if len(rows) == 1]
        parts = ["\n".join([*lines, *alone])]
        for top, rows in groups.items():
            if len(rows) > 1:
                parts.append("\n".join([f"{heading} `{top}`", "", *lines, *rows]))
        return "\n\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
