"""Makes foreign texts safe to show: a trace's name, note, path or provenance."""

import itertools
import json
import re
from typing import Any

from markupsafe import Markup, escape

from tf_recipes._support.visible import visible

LONGEST = 4000  # bytes of one text in the file; a trace may hold megabytes
WIDEST = 10  # bytes of the longest escape of one character, such as \U0010ffff
TITLE = 80  # characters of a heading


def shown(value: Any) -> str:
    """Returns any value as visible text of limited length, which the template then escapes.

    A character that `visible` escapes is replaced by its escape.

    >>> shown("a\\u202eb")
    'a\\\\u202eb'
    """
    if isinstance(value, Markup):
        return value
    text = value if isinstance(value, str) else str(value)
    if WIDEST * len(text) > LONGEST:
        return shortened(text, LONGEST)
    return _all_visible(text)


def shortened(text: str, most: int) -> str:
    """Returns the beginning of a text in visible characters, at most `most` bytes once escaped."""
    if len(text) <= most and len(escape(whole_text := _all_visible(text)).encode()) <= most:
        return whole_text
    characters = list(map(_all_visible, text[:most]))
    sizes = itertools.accumulate(len(escape(each).encode()) for each in characters)
    count = sum(size <= most for size in sizes)
    left = len(text) - count
    return "".join(characters[:count]) + (f"… ({left} characters left out)" if left else "")


def whole(text: str) -> Markup:
    """Returns all of a text, visible and escaped; a command must not be cut."""
    return escape(_all_visible(text))


def _all_visible(text: str) -> str:
    return visible(text, keep="\n\t")


def title(name: str) -> str:
    """Returns a name for a heading, a link or a row, cut to `TITLE` characters."""
    return (f"{name[:TITLE]}…" if len(name) > TITLE else name) or "(no name)"


def as_json(value: Any) -> str:
    """Returns a value as one line of JSON, with Unicode characters unescaped."""
    return json.dumps(value, ensure_ascii=False)


class Anchors:
    """Makes ids for headings: words of the name, and a number where the words are taken.

    Args:
        first: the word that every id begins with.
    """

    def __init__(self, first: str = "recipe") -> None:
        self._first = first
        self._taken: set[str] = set()

    def new(self, name: str) -> str:
        """Returns an id that no heading has yet, of ASCII letters, digits and dashes."""
        words = re.sub(r"[^a-z0-9]+", "-", name[:200].lower()).strip("-")[:60]
        stem = anchor = "-".join(filter(None, (self._first, words)))
        number = 1
        while anchor in self._taken:
            number += 1
            anchor = f"{stem}-{number}"
        self._taken.add(anchor)
        return anchor
