"""The file itself: the template filled in, everything inlined, and as many figures as fit."""

import base64
import functools
import hashlib
from importlib import resources

import jinja2
from markupsafe import Markup

from tf_recipes import files
from tf_recipes.parity import plots
from tf_recipes.parity.html_report import safe, sections
from tf_recipes.parity.html_report.figures import Figures
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

    It stays below 2 MB for up to about a thousand traces: what does not fit goes without figures,
    then without a section, and the page says so.

    Args:
        document: of `document.build`, or read back from the JSON.
    """
    content = sections.build(document)
    entries = _by_urgency(content["entries"])
    told = _told(content, entries)
    room = LARGEST - _size(content, told)
    figures, drawn = Figures(), {}
    for entry in (each for each in entries if each["trace"] and each["anchor"] in told):
        pair = figures.draw(entry["trace"], entry["rows"], entry["anchor"])
        room -= sum(len(each.encode()) for each in pair)
        if room < 0:
            break
        drawn[entry["anchor"]] = pair
    return _page(content, told, drawn, figures.styles())


def _by_urgency(entries):
    """First what was not judged, then where the exact port differs, then where the textbook's."""
    return sorted(
        entries,
        key=lambda entry: [
            bool(entry["trace"]),
            *(entry["cells"].get(port, {"passed": True})["passed"] for port in PORTS),
        ],
    )


def _told(content, entries):
    """The anchors of the entries that have a section, all of them where they fit."""
    anchors = [entry["anchor"] for entry in entries]
    whole, rows = _size(content, anchors), _size(content, ())
    if whole <= LARGEST:
        return set(anchors)
    each = (whole - rows) / len(anchors)
    return set(anchors[: max(0, int(0.9 * (LARGEST - rows) / each))])


def _size(content, told):
    return len(_page(content, told, {}, "").encode())


def _page(content, told, drawn, styles):
    style, script = plots.THEME + "\n" + _own("style.css") + styles, _own("sort.js")
    judged = sum(bool(each["trace"]) for each in content["entries"] if each["anchor"] in told)
    return _template().render(
        **content,
        told=told,
        figures=drawn,
        judged=judged,
        without_figures=judged - len(drawn),
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
def _template():
    # Every value that the template prints passes `shown`, then the escaping: neither can be
    # forgotten in a place.
    environment = jinja2.Environment(
        autoescape=True,
        finalize=safe.shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_own("page.html"))
