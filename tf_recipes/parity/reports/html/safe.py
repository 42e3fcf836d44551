"""What makes somebody else's text fit to be shown: a trace's name, note, path or provenance."""

import itertools
import json
import re

from markupsafe import Markup, escape

LONGEST = 4000  # bytes of one text in the file; a trace may bring megabytes
WIDEST = 10  # bytes that one character may become, such as \U0010ffff
TITLE = 80  # characters of a heading


def shown(value):
    """Any value as text: nothing invisible, nothing endless. The template escapes it afterwards.

    A character that is not printed, or turns the direction of what follows, stands as its escape:
    else a name could look like another. A lone surrogate, from a path that is not UTF-8, could not
    even be written.

    >>> shown("a\\u202eb")
    'a\\\\u202eb'
    """
    if isinstance(value, Markup):
        return value
    text = value if isinstance(value, str) else str(value)
    if WIDEST * len(text) > LONGEST:
        return shortened(text, LONGEST)
    return "".join(map(_visible, text))


def shortened(text, most):
    """The beginning of a text, visible, that takes at most `most` bytes once it is escaped."""
    seen = list(map(_visible, text[:most]))
    sizes = itertools.accumulate(len(escape(each).encode()) for each in seen)
    count = sum(size <= most for size in sizes)
    left = len(text) - count
    return "".join(seen[:count]) + (f"… ({left} characters left out)" if left else "")


def whole(text):
    """All of a text, visible and escaped: a command that was cut would not run."""
    return escape("".join(map(_visible, text)))


def _visible(character):
    if character.isprintable() or character in "\n\t":
        return character
    return character.encode("unicode_escape").decode()


def title(name):
    """A name for a heading, a link or a row; the section has the whole of it."""
    return (f"{name[:TITLE]}…" if len(name) > TITLE else name) or "(no name)"


def as_json(value):
    """One line of JSON, its Unicode as it is."""
    return json.dumps(value, ensure_ascii=False)


class Anchors:
    """Ids for headings: words of the name, and a number where another name has the same words."""

    def __init__(self):
        self._taken = set()

    def new(self, name):
        """An id that no other has, made of ASCII letters, digits and dashes."""
        words = re.sub(r"[^a-z0-9]+", "-", name[:200].lower()).strip("-")[:60]
        stem = anchor = "-".join(filter(None, ("recipe", words)))
        number = 1
        while anchor in self._taken:
            number += 1
            anchor = f"{stem}-{number}"
        self._taken.add(anchor)
        return anchor
