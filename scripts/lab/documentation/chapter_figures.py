"""What the chapters' scripts measured, kept as small JSON files, and put into the pages.

A page says where a figure belongs, and `fill` puts it there:

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
# What at the beginning of a line would begin a list, a heading or a quotation.
_NO_LINE_BEGINS_SO = re.compile(r" (?=(?:\d+[.)]|[-+*>#]+) )")


def reduce(document):
    """What the pages need of a chapter's JSON: no single runs, no curves.

    Args:
        document: dict, as `Findings.to_json` of the experiments has it.

    Raises:
        ValueError: for a document of something else.
    """
    needed = ("settings", "summary", "claims", "environment")
    if missing := [key for key in needed if key not in document]:
        validation.fail(
            f"A chapter's JSON has {', '.join(needed)}.",
            f"one without {', '.join(missing)}",
            "Give what a script of the chapters wrote.",
        )
    settings = dict(document["settings"])
    command = settings.pop("command")
    return {"command": command, "settings": settings, **{key: document[key] for key in needed[1:]}}


def fill(markdown, folder):
    """The page's text with every marker of a chapter filled anew.

    A marker is `<!-- chapter NAME WHAT -->...<!-- / -->`; WHAT is one of

    - `table`: all rows of the summary; `claims`: a list of all claims with their verdicts,
    - `cell LABEL; ...; KEY`: of the one row that begins with these labels, the cell under KEY,
    - `claim N`: what was measured for the Nth claim; `claim N after WORDS`: the figure in it that
      follows these words; `verdict N`: its verdict,
    - `seconds`: what the command took; `versions`: of what it ran on.

    Args:
        markdown: str.
        folder: where the chapters' files are, `NAME.json`.

    Raises:
        ValueError: for a chapter, a row, a claim, or words that there are not.
    """
    chapters = {}

    def made(words):
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
                "See chapters.fill for what they are.",
            )
        return _PARTS[part](chapters[name], *rest)

    return markers.fill(markdown, "chapter", made)


def _read(folder, name):
    path = Path(folder, f"{name}.json")
    if not path.is_file():
        validation.fail(
            "A marker names a chapter that was measured.",
            f"chapter={name!r}, and no {path.name}",
            f"Run python scripts/keep_chapter.py --chapters={name}.",
        )
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        found = str(error)
    if not isinstance(found, dict):
        validation.fail(
            "A chapter's file is what scripts/keep_chapter.py wrote.",
            f"{path}, which is damaged",
            f"Run python scripts/keep_chapter.py --chapters={name}.",
        )
    return found


def _table(chapter):
    """A table for each run of rows with the same keys, as the scripts print them."""
    tables = (
        _rows(list(keys), list(rows)) for keys, rows in itertools.groupby(chapter["summary"], tuple)
    )
    return "\n\n" + "\n\n".join(tables) + "\n\n"


def _rows(keys, rows):
    shown = [[key.replace("_", " ") for key in keys], ["---"] * len(keys)]
    shown += [[_cell(value) for value in row.values()] for row in rows]
    lines = (f"| {' | '.join(cells)} |" for cells in shown)
    return "\n".join(lines).replace("| --- ", "|---").replace("--- |", "---|")


def _cell(value):
    if value is None:  # what was not finite
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|")


def _one_cell(chapter, what=""):
    *labels, key = what.split("; ")
    rows = [
        row
        for row in chapter["summary"]
        if key in row and [_cell(value) for value in row.values()][: len(labels)] == labels
    ]
    if len(rows) != 1 or not labels:
        validation.fail(
            "A marker `cell LABEL; ...; KEY` picks one row by how it begins, and a key of it.",
            f"{what!r}, which picks {len(rows)} rows of {chapter['command']}",
            "Give the labels as the table shows them, and the key as the JSON has it.",
        )
    return _cell(rows[0][key])


def _claims(chapter):
    return "\n\n" + "\n".join(_bullet(claim) for claim in chapter["claims"]) + "\n\n"


def _bullet(claim):
    text = f"- **{_said(claim)}**: {claim['text']} *Measured:* {claim['measured']}"
    glued = _NO_LINE_BEGINS_SO.sub("\0", text[2:])
    wrapped = textwrap.fill(
        glued, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
    )
    return wrapped.replace("\0", " ")


def _said(claim):
    return "borne out" if claim["holds"] else "NOT borne out"


def _nth(chapter, number):
    validation.choice("claim", number, [str(place + 1) for place in range(len(chapter["claims"]))])
    return chapter["claims"][int(number) - 1]


def _claim(chapter, what=""):
    number, _, words = what.partition(" after ")
    measured = _nth(chapter, number)["measured"]
    return _figure_after(words, measured) if words else measured.removesuffix(".")


def _figure_after(words, measured):
    place = re.search(rf"{re.escape(words)}(?![\w.])", measured)
    figure = place and _FIGURE.search(measured, place.end())
    if not figure:
        validation.fail(
            "A marker `claim N after WORDS` names words of the claim that a figure follows.",
            f"words={words!r}, claim={measured!r}",
            "Give words that stand before the figure.",
        )
    return figure.group()


def _verdict(chapter, number=""):
    return _said(_nth(chapter, number))


def _seconds(chapter):
    return f"{chapter['seconds']:.0f}"


def _versions(chapter):
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
