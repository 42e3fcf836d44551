"""Renders the page: fills the templates, inlines styles and script, and adds figures that fit."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from tf_recipes._support import files
from tf_recipes.parity.reports import plots
from tf_recipes.parity.reports.html import sections, templates
from tf_recipes.parity.reports.html.figures import Figures
from tf_recipes.recipe import PORT_NAMES

LARGEST = 1_900_000  # bytes of the page; traces that do not fit have no figures

Entry = Mapping[str, Any]  # of `sections.build`
Content = Mapping[str, Any]  # of `sections.build`


def write(path: str | os.PathLike[str], document: Mapping[str, Any]) -> None:
    """Writes the report.

    Args:
        path: the file; an older file is replaced once the new one is whole.
        document: the check's results, of `document.build`.

    Raises:
        OSError: if the file cannot be written.
    """
    text = render(document)
    with files.replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def render(document: Mapping[str, Any]) -> str:
    """Returns the report as the text of an HTML page; equal results give equal texts.

    The page stays below 2 MB for any traces. A trace that does not fit loses its figures, then its
    section, then its row, and the page says so. Traces that were not judged, or that differ, keep
    theirs longest.

    Args:
        document: the check's results, of `document.build` or read back from JSON.
    """
    content = sections.build(document)
    content["entries"], content["without_row"] = _with_row(content)
    urgent = _by_urgency(content["entries"])
    room = LARGEST - _size(content)
    section_texts: dict[str, str] = {}
    for entry in urgent:
        text = _section(content, entry)
        if (size := len(text.encode())) <= room:
            section_texts[entry["anchor"]] = text
            room -= size
    drawing = _Drawing(content, section_texts, room)
    for entry in urgent:
        if not drawing.add(entry):
            break
    return drawing.page()


def _by_urgency(entries: Sequence[Entry]) -> list[Entry]:
    """Sorts the entries: not judged first, then the exact port differs, then the textbook port."""
    return sorted(
        entries,
        key=lambda entry: [
            bool(entry["trace"]),
            *(entry["cells"].get(port, {"passed": True})["passed"] for port in PORT_NAMES),
        ],
    )


def _with_row(content: Content) -> tuple[list[Entry], int]:
    """Returns the entries that have a row in the table, and how many have none."""
    kept = _by_urgency(content["entries"])
    while kept and (size := _size({**content, "entries": kept})) > LARGEST:
        kept = kept[: int(0.9 * len(kept) * LARGEST / size)]
    anchors = {entry["anchor"] for entry in kept}
    entries = [entry for entry in content["entries"] if entry["anchor"] in anchors]
    return entries, len(content["entries"]) - len(entries)


def _section(content: Content, entry: Entry, figures: Sequence[Markup] | None = None) -> str:
    """Returns the HTML of an entry's section; without figures, sentences describe them."""
    section = vars(templates.template("section.html").module)["section"]
    return section(entry, figures, content["versions"])


class _Drawing:
    """Adds figures to the sections of a page, while the page has room."""

    def __init__(self, content: Content, section_texts: dict[str, str], room: int) -> None:
        self._content, self._section_texts, self._room = content, section_texts, room
        self._figures = Figures()
        self._drawn, self._undrawn = 0, 0

    def add(self, entry: Entry) -> bool:
        """Draws an entry's figures into its section; returns whether the page had room for them."""
        if not entry["trace"] or entry["anchor"] not in self._section_texts:
            return True
        before = len(self._section_texts[entry["anchor"]].encode()) + len(self._figures.styles())
        try:
            pair = self._figures.draw(entry["trace"], entry["rows"], entry["anchor"])
        except Exception:  # the numbers of a foreign trace must not end the whole report
            self._undrawn += 1
            return True
        text = _section(self._content, entry, pair)
        self._room -= len(text.encode()) + len(self._figures.styles()) - before
        if self._room >= 0:
            self._section_texts[entry["anchor"]] = text
            self._drawn += 1
        return self._room >= 0

    def page(self) -> str:
        """Returns the text of the page."""
        counts = {"drawn": self._drawn, "undrawn": self._undrawn}
        return _page(self._content, self._section_texts, self._figures.styles(), **counts)


def _size(content: Content) -> int:
    """Returns the bytes of the page with links to all sections, and without the sections."""
    section_texts = {entry["anchor"]: "" for entry in content["entries"]}
    return len(_page(content, section_texts).encode())


def _page(
    content: Content,
    section_texts: Mapping[str, str],
    styles: str = "",
    drawn: int = 0,
    undrawn: int = 0,
) -> str:
    """Fills the page's template.

    Args:
        content: of `sections.build`.
        section_texts: `{anchor: HTML}` of the sections that the page has.
        styles: CSS of the figures.
        drawn: number of entries with figures.
        undrawn: number of entries whose figures could not be drawn.
    """
    style, script = (
        plots.THEME + "\n" + templates.own("style.css") + styles,
        templates.own("sort.js"),
    )
    entries = [each for each in content["entries"] if each["anchor"] in section_texts]
    judged = sum(bool(each["trace"]) for each in entries)
    return templates.template("page.html").render(
        **{"without_row": 0, **content},
        with_section=section_texts.keys(),
        sections=[section_texts[each["anchor"]] for each in entries],
        judged=judged,
        undrawn=undrawn,
        without_figures=judged - drawn - undrawn,
        without_section=len(content["entries"]) - len(section_texts),
        style=Markup(style),
        script=Markup(script),
        style_hash=templates.digest(style),
        script_hash=templates.digest(script),
    )
