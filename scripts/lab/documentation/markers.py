"""Places in a page that are filled by the code: `<!-- KIND WHAT -->...<!-- / -->`."""

import re

from tf_recipes._support import validation

KINDS = ("measured", "chapter", "generated")


def fill(text, kind, make):
    """The text with what stands in every marker of that kind made anew.

    Args:
        text: Markdown.
        kind: one of `KINDS`.
        make: a function from the words behind the kind, a list, to what is to stand there.

    Raises:
        ValueError: of `make`.
    """

    def filled(found):
        return f"<!-- {kind} {found['what']} -->{make(found['what'].split())}<!-- / -->"

    return _marker(kind).sub(filled, text)


def words(text, kind):
    """The words of each marker of that kind, in order."""
    return [found["what"].split() for found in _marker(kind).finditer(text)]


def without(text, kinds=KINDS):
    """The text without the markers and what stands in them."""
    for kind in kinds:
        text = _marker(kind).sub("", text)
    return text


def check(text):
    """Refuses a marker that is not whole: filling it would take the text up to the next with it."""
    begun = len(re.findall(rf"<!-- *(?:{'|'.join(KINDS)})\b", text))
    whole = sum(len(words(text, kind)) for kind in KINDS)
    ended = text.count("<!-- / -->")
    if not begun == whole == ended:
        validation.fail(
            "Every marker is `<!-- KIND WHAT -->...<!-- / -->`.",
            f"{begun} that begin, {ended} that end, {whole} whole ones",
            f"Mend the broken one; KIND is {', '.join(KINDS)}.",
        )


def _marker(kind):
    """What stands inside has no marker of its own, so that a lost end is noticed."""
    return re.compile(
        rf"<!-- {kind} (?P<what>[^\s>][^>]*?) -->(?:(?!<!-- ).)*?<!-- / -->", re.DOTALL
    )
