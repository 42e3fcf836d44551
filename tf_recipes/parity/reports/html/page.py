"""The file itself: the template filled in, everything inlined, and as many figures as fit."""

import base64
import functools
import hashlib
from importlib import resources

import jinja2
from markupsafe import Markup

from tf_recipes._support import files
from tf_recipes.parity.reports import plots
from tf_recipes.parity.reports.html import safe, sections
from tf_recipes.parity.reports.html.figures import Figures
from tf_recipes.recipe import PORTS

LARGEST = 1_900_000  # bytes; what does not fit goes without figures


def write(path, document):
    """Writes the report, whole or not at all.

    Args:
        path: the file; an older one is replaced.
        document: of `document.build`.

    Raises:
        OSError: if it cannot be written.
    """
    text = render(document)
    with files.replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def render(document):
    """The report as the text of an HTML page; the same document gives the same text.

    It stays below 2 MB, whatever a trace brings: what does not fit goes without figures, then
    without a section, then without a row, and the page says so. The most urgent comes first.

    Args:
        document: of `document.build`, or read back from the JSON.
    """
    content = sections.build(document)
    content["entries"], content["without_row"] = _with_row(content)
    urgent = _by_urgency(content["entries"])
    room = LARGEST - _size(content)
    told = {}
    for entry in urgent:
        text = _section(content, entry)
        if (size := len(text.encode())) <= room:
            told[entry["anchor"]] = text
            room -= size
    drawing = _Drawing(content, told, room)
    for entry in urgent:
        if not drawing.add(entry):
            break
    return drawing.page()


def _by_urgency(entries):
    """First what was not judged, then where the exact port differs, then where the textbook's."""
    return sorted(
        entries,
        key=lambda entry: [
            bool(entry["trace"]),
            *(entry["cells"].get(port, {"passed": True})["passed"] for port in PORTS),
        ],
    )


def _with_row(content):
    """The entries that have a row in the table, in their order, and how many have none."""
    kept = _by_urgency(content["entries"])
    while kept and (size := _size({**content, "entries": kept})) > LARGEST:
        kept = kept[: int(0.9 * len(kept) * LARGEST / size)]
    anchors = {entry["anchor"] for entry in kept}
    entries = [entry for entry in content["entries"] if entry["anchor"] in anchors]
    return entries, len(content["entries"]) - len(entries)


def _section(content, entry, figures=None):
    return _template("section.html").module.section(entry, figures, content["versions"])


class _Drawing:
    """The page that grows: figures take the place of the words in its sections."""

    def __init__(self, content, told, room):
        self._content, self._told, self._room = content, told, room
        self._figures = Figures()
        self._drawn, self._undrawn = 0, 0

    def add(self, entry):
        """Draws an entry's figures; False where they have no room, so that no other is tried."""
        if not entry["trace"] or entry["anchor"] not in self._told:
            return True
        before = len(self._told[entry["anchor"]].encode()) + len(self._figures.styles())
        try:
            pair = self._figures.draw(entry["trace"], entry["rows"], entry["anchor"])
        except Exception:  # somebody else's numbers must not end the whole report
            self._undrawn += 1
            return True
        text = _section(self._content, entry, pair)
        self._room -= len(text.encode()) + len(self._figures.styles()) - before
        if self._room >= 0:
            self._told[entry["anchor"]] = text
            self._drawn += 1
        return self._room >= 0

    def page(self):
        counts = {"drawn": self._drawn, "undrawn": self._undrawn}
        return _page(self._content, self._told, self._figures.styles(), **counts)


def _size(content):
    """Of the page without sections, but with the links to all of them."""
    told = {entry["anchor"]: "" for entry in content["entries"]}
    return len(_page(content, told).encode())


def _page(content, told, styles="", drawn=0, undrawn=0):
    style, script = plots.THEME + "\n" + _own("style.css") + styles, _own("sort.js")
    entries = [each for each in content["entries"] if each["anchor"] in told]
    judged = sum(bool(each["trace"]) for each in entries)
    return _template("page.html").render(
        **{"without_row": 0, **content},
        told=told,
        sections=[told[each["anchor"]] for each in entries],
        judged=judged,
        undrawn=undrawn,
        without_figures=judged - drawn - undrawn,
        without_section=len(content["entries"]) - len(told),
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _hash(text):
    """As a content security policy names what it allows."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _own(name):
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _template(name):
    # Every value that a template prints passes `shown`, then the escaping: neither can be
    # forgotten in a place.
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_own),
        autoescape=True,
        finalize=safe.shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)
