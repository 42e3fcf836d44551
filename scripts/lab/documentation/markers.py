"""Finds and fills the markers of a page: `<!-- KIND WHAT -->...<!-- / -->`."""

import re

from tf_recipes._support import validation

KINDS = ("measured", "chapter", "generated")


def fill(text, kind, make):
    """Returns the text with the content of every marker of one kind made anew.

    Args:
        text: Markdown.
        kind: one of `KINDS`.
        make: function from the list of words after the kind to the content of the marker.

    Raises:
        ValueError: any `ValueError` of `make`.
    """

    def filled(match):
        return f"<!-- {kind} {match['what']} -->{make(match['what'].split())}<!-- / -->"

    return _marker(kind).sub(filled, text)


def words(text, kind):
    """Returns the list of words of each marker of one kind, in order."""
    return [match["what"].split() for match in _marker(kind).finditer(text)]


def without(text, kinds=KINDS):
    """Returns the text without the markers and their content."""
    for kind in kinds:
        text = _marker(kind).sub("", text)
    return text


def check(text):
    """Refuses an incomplete marker: filling it would replace the text up to the next marker.

    Raises:
        ValueError: if a marker has no beginning or no end.
    """
    begun = len(re.findall(rf"<!-- *(?:{'|'.join(KINDS)})\b", text))
    complete = sum(len(words(text, kind)) for kind in KINDS)
    ended = text.count("<!-- / -->")
    if not begun == complete == ended:
        validation.fail(
            "Every marker is `<!-- KIND WHAT -->...<!-- / -->`.",
            f"{begun} that begin, {ended} that end, {complete} complete",
            f"Repair the broken marker; KIND is {', '.join(KINDS)}.",
        )


def _marker(kind):
    """Returns the pattern of a kind's markers; the content holds no marker, so a lost end shows."""
    return re.compile(
        rf"<!-- {kind} (?P<what>[^\s>][^>]*?) -->(?:(?!<!-- ).)*?<!-- / -->", re.DOTALL
    )
