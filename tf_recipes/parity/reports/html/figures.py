"""The figures of a section: what `plots` draws, as SVG that is small, themed and described."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from tf_recipes.parity.comparison import LIMIT
from tf_recipes.parity.reports import plots
from tf_recipes.parity.reports.html import words
from tf_recipes.parity.trace import reference

POINTS = 400  # of a curve; more are not told apart at this size
SVG, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", LINK)


class Figures:
    """Draws figures for one page, whose styles they share."""

    def __init__(self):
        self._classes = {}

    def draw(self, trace, rows, salt):
        """The two figures of a trace as `(losses, drifts)`, each an SVG element.

        Args:
            trace, rows: one of `document.traces(...)`.
            salt: the section's id, so that no id of a figure is another's.
        """
        losses = _panel(lambda axes: plots.draw_losses(axes, trace, rows), _columns(trace))
        drifts = _panel(lambda axes: _draw_drifts(axes, trace, rows), columns=2)
        return (
            self._svg(losses, f"{salt}/losses", words.losses(trace, rows)),
            self._svg(drifts, f"{salt}/drifts", words.drifts(trace, rows, LIMIT)),
        )

    def styles(self):
        """CSS for the classes that the figures drawn so far use."""
        return "".join(f".{name}{{{style}}}" for style, name in self._classes.items())

    def _svg(self, view, salt, label):
        root = ElementTree.fromstring(plots.svg(view, salt))
        _flatten(root)
        for element in root.iter():
            self._compact(element)
        root.attrib = {
            "viewBox": root.attrib["viewBox"],
            "class": f"plot {root.attrib['class']}",
            "role": "img",
            "aria-label": label,
        }
        return Markup(ElementTree.tostring(root, encoding="unicode"))

    def _compact(self, element):
        attributes = element.attrib
        if "style" in attributes:
            attributes["class"] = self._class(attributes.pop("style"))
        for name in {"d", "x", "y", "transform"} & attributes.keys():
            attributes[name] = _rounded(attributes[name])

    def _class(self, style):
        """The name for a style; the page's own font takes the place of Matplotlib's."""
        style = re.sub(r"font: (\S+px)[^;]*", r"font-size: \1", style)
        style = re.sub(r"font-family:[^;]*(;|$)", "", style)
        return self._classes.setdefault(style.strip(), f"s{len(self._classes)}")


def _columns(trace):
    return 3 if reference(trace["provenance"]) == "TF 1.15" else 2  # else its name is long


def _panel(draw, columns):
    """One figure; fixed margins, because Matplotlib's own layout takes longer than the drawing."""
    view = Figure(figsize=(5, 3.4))
    view.subplots_adjust(left=0.14, right=0.985, bottom=0.13, top=0.83)
    view.patch.set_visible(False)
    axes = view.subplots()
    draw(axes)
    axes.set_title("")  # the caption says it
    axes.patch.set_visible(False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.minorticks_off()
    for line in axes.lines:
        line.set_data(*_thinned(*line.get_data()))
        if line.get_alpha() is not None:
            line.set_alpha(0.5)  # contrast of 3:1, on light and on dark
    above = {"loc": "lower left", "bbox_to_anchor": (-0.13, 1.0), "ncols": columns}
    axes.legend(fontsize=8, frameon=False, borderpad=0.2, columnspacing=1.5, **above)
    return view


def _draw_drifts(axes, trace, rows):
    """The drifts, with the band's edge as a line, and a ring where a port first leaves it."""
    plots.draw_drifts(axes, trace, rows)
    for band in axes.collections:
        band.set_linewidth(0)  # its edge is the line below, which can be seen
    curve = next(iter(rows.values()))["curve"]
    edge = [LIMIT * point["sensitivity"] for point in curve]
    steps = [point["step"] for point in curve]
    axes.plot(steps, edge, color=plots.COLOURS["tf1"], lw=0.8, ls=":")
    for port, row in rows.items():
        if row["first_failure"]:
            _ring(axes, row["first_failure"], port)


def _ring(axes, first, port):
    drift = plots.CEILING if first["drift"] is None else min(first["drift"], plots.CEILING)
    ring = {"marker": "o", "ms": 14, "mfc": "none", "mec": plots.COLOURS[port], "ls": "none"}
    axes.plot([first["step"]], [drift], label=f"{port} first outside the band", **ring)


def _thinned(x, y):
    """At most `POINTS` of a curve: the least and the greatest of each stretch; no peak is lost."""
    x, y = np.asarray(x), np.asarray(y)
    if len(x) <= POINTS:
        return x, y
    stretches = np.array_split(np.arange(len(x)), POINTS // 2)
    kept = sorted({int(pick(s)) for s in stretches for pick in _extremes(y)})
    return x[kept], y[kept]


def _extremes(y):
    return (lambda s: s[np.argmin(y[s])]), (lambda s: s[np.argmax(y[s])])


def _rounded(text):
    """Numbers to a tenth of a point, without the space that Matplotlib leaves around them."""
    text = re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), text)
    return re.sub(r"\s*([MLCQzZ])\s*", r"\1", " ".join(text.split()))


def _flatten(parent):
    """Drops the groups that only name what they hold."""
    children = []
    for child in parent:
        _flatten(child)
        plain = child.tag == f"{{{SVG}}}g" and child.attrib.keys() <= {"id"}
        empty = child.tag == f"{{{SVG}}}defs" and not [c for c in child if "id" in c.attrib]
        children.extend([] if empty else child if plain else [child])
        child.tail = None
    parent[:] = children
    parent.text = parent.text if parent.text and parent.text.strip() else None
