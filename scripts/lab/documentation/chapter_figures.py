"""Reduces the JSON files of the chapters' scripts, and puts their figures into the pages.

A marker in a page names a figure, and `fill` writes the figure into the marker:

    <!-- chapter transfer table -->
    <!-- / -->

    the first layer gets <!-- chapter diagnose cell 8 x 100, Xavier; test_accuracy --><!-- / -->
"""

import itertools
import json
import re
import textwrap
from pathlib import Path

from lab.documentation import markers
from tf_recipes._support import validation

WIDTH = 100  # characters of a line of prose
# 5, 5 of 5, -0.4%, +1.46% ± 1.03%, 2.26 (1.85 to 2.77), 5,000
_NUMBER = r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?%?"
_FIGURE = re.compile(rf"(?<![\w.]){_NUMBER}(?: of \d+| ± {_NUMBER}| \({_NUMBER} to {_NUMBER}\))?")
# A space before text that would begin a list, a heading or a quotation on a new line.
_NO_BREAK_HERE = re.compile(r" (?=(?:\d+[.)]|[-+*>#]+) )")


def reduce(results):
    """Returns the part of a chapter's JSON that the pages need: no single runs, no curves.

    Args:
        results: dict, read from the JSON of `Findings.to_json`.

    Raises:
        ValueError: for a dict without one of these parts.
    """
    needed = ("settings", "summary", "claims", "environment")
    if missing := [key for key in needed if key not in results]:
        validation.fail(
            f"A chapter's JSON has {', '.join(needed)}.",
            f"JSON without {', '.join(missing)}",
            "Pass the JSON that the script of a chapter wrote.",
        )
    settings = dict(results["settings"])
    command = settings.pop("command")
    return {"command": command, "settings": settings, **{key: results[key] for key in needed[1:]}}


def fill(markdown, folder):
    """Returns the page's text with every marker of a chapter filled anew.

    A marker is `<!-- chapter NAME WHAT -->...<!-- / -->`; WHAT is one of

    - `table`: all rows of the summary; `claims`: a list of all claims with their verdicts,
    - `cell LABEL; ...; KEY`: the cell under KEY of the only row that begins with these labels,
    - `claim N`: the measured text of the Nth claim; `claim N after WORDS`: the figure after these
      words in that text; `verdict N`: the verdict of the Nth claim,
    - `seconds`: the time of the command; `versions`: the versions of the libraries.

    Args:
        markdown: str.
        folder: folder of the chapters' files, `NAME.json`.

    Raises:
        ValueError: for an unknown chapter, row or claim, or for unknown words.
    """
    chapters = {}

    def make_content(words):
        name, *what = words
        part = what[0] if what else None
        validation.choice("chapter", part, _PARTS)
        if name not in chapters:
            chapters[name] = _read(folder, name)
        rest = [" ".join(what[1:])] if what[1:] else []
        if bool(rest) != (part in _WITH_WORDS):
            validation.fail(
                f"A marker of {part} has {'more' if part in _WITH_WORDS else 'no more'} words.",
                " ".join(words),
                "See chapter_figures.fill for the words of each marker.",
            )
        return _PARTS[part](chapters[name], *rest)

    return markers.fill(markdown, "chapter", make_content)


def _read(folder, name):
    """Reads the file of a chapter, and refuses a missing or damaged file."""
    path = Path(folder, f"{name}.json")
    if not path.is_file():
        validation.fail(
            "A marker must name a measured chapter.",
            f"chapter={name!r}, and no {path.name}",
            f"Run python scripts/keep_chapter.py --chapters={name}.",
        )
    try:
        chapter = json.loads(path.read_text())
    except ValueError as error:
        chapter = str(error)
    if not isinstance(chapter, dict):
        validation.fail(
            "A chapter's file must be written by scripts/keep_chapter.py.",
            f"{path}, which is damaged",
            f"Run python scripts/keep_chapter.py --chapters={name}.",
        )
    return chapter


def _table(chapter):
    """Returns the tables of the summary, as the scripts print them."""
    tables = (
        _rows(list(keys), list(rows)) for keys, rows in itertools.groupby(chapter["summary"], tuple)
    )
    return "\n\n" + "\n\n".join(tables) + "\n\n"


def _rows(keys, rows):
    """Returns one table in Markdown."""
    shown = [[key.replace("_", " ") for key in keys], ["---"] * len(keys)]
    shown += [[_cell(value) for value in row.values()] for row in rows]
    lines = (f"| {' | '.join(cells)} |" for cells in shown)
    return "\n".join(lines).replace("| --- ", "|---").replace("--- |", "---|")


def _cell(value):
    """Returns a value of the summary as the text of a table's cell."""
    if value is None:  # a number that was not finite
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|")


def _one_cell(chapter, what=""):
    """Returns the cell that a marker `cell` names by labels and a key."""
    *labels, key = what.split("; ")
    rows = [
        row
        for row in chapter["summary"]
        if key in row and [_cell(value) for value in row.values()][: len(labels)] == labels
    ]
    if len(rows) != 1 or not labels:
        validation.fail(
            "A marker `cell LABEL; ...; KEY` must name one row by its first cells, and a key.",
            f"{what!r}, which picks {len(rows)} rows of {chapter['command']}",
            "Write the labels as the table shows them, and the key as in the JSON.",
        )
    return _cell(rows[0][key])


def _claims(chapter):
    """Returns the list of all claims with their verdicts."""
    return "\n\n" + "\n".join(_bullet(claim) for claim in chapter["claims"]) + "\n\n"


def _bullet(claim):
    """Returns a claim as an item of a list, wrapped to `WIDTH`."""
    text = f"- **{_verdict_text(claim)}**: {claim['text']} *Measured:* {claim['measured']}"
    glued = _NO_BREAK_HERE.sub("\0", text[2:])
    wrapped = textwrap.fill(
        glued, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
    )
    return wrapped.replace("\0", " ")


def _verdict_text(claim):
    """Returns the verdict of a claim in words."""
    return "borne out" if claim["holds"] else "NOT borne out"


def _nth(chapter, number):
    """Returns the claim of a number from 1 on, given as text."""
    validation.choice("claim", number, [str(place + 1) for place in range(len(chapter["claims"]))])
    return chapter["claims"][int(number) - 1]


def _claim(chapter, what=""):
    """Returns the measured text of a claim, or the figure that a marker `claim` names in it."""
    number, _, words = what.partition(" after ")
    measured = _nth(chapter, number)["measured"]
    return _figure_after(words, measured) if words else measured.removesuffix(".")


def _figure_after(words, measured):
    """Returns the first figure after `words` in a claim's measured text."""
    place = re.search(rf"{re.escape(words)}(?![\w.])", measured)
    figure = place and _FIGURE.search(measured, place.end())
    if not figure:
        validation.fail(
            "A marker `claim N after WORDS` must name words of the claim before a figure.",
            f"words={words!r}, claim={measured!r}",
            "Write words that stand before the figure.",
        )
    return figure.group()


def _verdict(chapter, number=""):
    """Returns the verdict of a claim."""
    return _verdict_text(_nth(chapter, number))


def _seconds(chapter):
    """Returns the time of the chapter's command in seconds."""
    return f"{chapter['seconds']:.0f}"


def _versions(chapter):
    """Returns the versions and the number of cores that the chapter was measured with."""
    versions = chapter["environment"]
    names = {"TensorFlow": "tensorflow", "Keras": "keras", "NumPy": "numpy", "Python": "python"}
    listed = [f"{name} {versions[key]}" for name, key in names.items()]
    return f"{', '.join(listed)}, {versions['cores']} cores"


_PARTS = {
    "table": _table,
    "claims": _claims,
    "cell": _one_cell,
    "claim": _claim,
    "verdict": _verdict,
    "seconds": _seconds,
    "versions": _versions,
}
_WITH_WORDS = ("cell", "claim", "verdict")
