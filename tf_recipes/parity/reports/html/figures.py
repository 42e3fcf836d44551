"""Draws the figures of a section: those of `plots`, as small SVG with themes and descriptions."""

import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from tf_recipes.parity.comparison import LIMIT
from tf_recipes.parity.reports import plots
from tf_recipes.parity.reports.html import words
from tf_recipes.parity.trace import reference

POINTS = 400  # of a curve; at this size more points look the same
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SVG, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", LINK)


class Figures:
    """Draws the figures of one page, which share the page's styles."""

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}

    def draw(
        self, trace: Mapping[str, Any], rows: Mapping[str, Any], salt: str
    ) -> tuple[Markup, Markup]:
        """Draws the two figures of a trace, and returns `(losses, drifts)` as SVG elements.

        Args:
            trace, rows: one of `document.traces(...)`.
            salt: the section's id, which makes the ids inside the figures unique.
        """
        losses = panel(lambda axes: plots.draw_losses(axes, trace, rows), _columns(trace))
        drifts = panel(lambda axes: _draw_drifts(axes, trace, rows), columns=2)
        return (
            self.svg(losses, f"{salt}/losses", words.losses(trace, rows)),
            self.svg(drifts, f"{salt}/drifts", words.drifts(trace, rows, LIMIT)),
        )

    def styles(self) -> str:
        """Returns CSS for the classes of all figures drawn so far."""
        return "".join(f".{name}{{{style}}}" for style, name in self._classes.items())

    def svg(self, view: Figure, salt: str, label: str) -> Markup:
        """Returns a figure as an SVG element that a screen reader describes by `label`."""
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

    def _compact(self, element: ElementTree.Element) -> None:
        """Replaces an element's style by a class, and rounds its coordinates."""
        attributes = element.attrib
        if "style" in attributes:
            attributes["class"] = self._class(attributes.pop("style"))
        for name in {"d", "x", "y", "transform"} & attributes.keys():
            attributes[name] = _rounded(attributes[name])

    def _class(self, style: str) -> str:
        """Returns the class for a style, without Matplotlib's font: the page has its own."""
        style = re.sub(r"font: (\S+px)[^;]*", r"font-size: \1", style)
        style = re.sub(r"font-family:[^;]*(;|$)", "", style)
        return self._classes.setdefault(style.strip(), f"s{len(self._classes)}")


def _columns(trace: Mapping[str, Any]) -> int:
    return 3 if reference(trace["provenance"]) == "TF 1.15" else 2  # other names are long


def panel(draw: Callable[[Axes], None], columns: int) -> Figure:
    """Makes one figure, with fixed margins: Matplotlib's layout takes longer than the drawing.

    Args:
        draw: draws into the axes.
        columns: of the legend.
    """
    view = Figure(figsize=(5, 3.4))
    view.subplots_adjust(left=0.14, right=0.985, bottom=0.13, top=0.83)
    view.patch.set_visible(False)
    axes = view.subplots()
    draw(axes)
    axes.set_title("")  # the page has a caption
    axes.patch.set_visible(False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.minorticks_off()
    for line in axes.lines:
        line.set_data(*_thinned(*line.get_data()))
        if line.get_alpha() is not None:
            line.set_alpha(0.5)  # contrast of 3:1, on light and on dark
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.13, 1.0),  # above the axes
        ncols=columns,
        fontsize=8,
        frameon=False,
        borderpad=0.2,
        columnspacing=1.5,
    )
    return view


def _draw_drifts(axes: Axes, trace: Mapping[str, Any], rows: Mapping[str, Any]) -> None:
    """Draws the drifts, the edge of the band, and a ring where a port first leaves the band."""
    plots.draw_drifts(axes, trace, rows)
    axes.yaxis.set_major_formatter(_power_of_ten)
    for band in axes.collections:
        band.set_linewidth(0)  # a dotted line, drawn below, marks the band's edge
    curve = next(iter(rows.values()))["curve"]
    edge = [LIMIT * point["sensitivity"] for point in curve]
    steps = [point["step"] for point in curve]
    axes.plot(steps, edge, color=plots.COLOURS["tf1"], lw=0.8, ls=":")
    for port, row in rows.items():
        if row["first_failure"]:
            _ring(axes, row["first_failure"], port)


def _power_of_ten(value: float, position: float) -> str:
    """Returns the label of a tick, such as 10⁻⁶. Matplotlib parses formulas."""
    return "10" + str(round(math.log10(value))).translate(SUPERSCRIPTS)


def _ring(axes: Axes, first: Mapping[str, Any], port: str) -> None:
    drift = plots.CEILING if first["drift"] is None else min(first["drift"], plots.CEILING)
    axes.plot(
        [first["step"]],
        [drift],
        label=f"{port} first outside the band",
        marker="o",
        ms=14,
        mfc="none",
        mec=plots.COLOURS[port],
        ls="none",
    )


def _thinned(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns at most `POINTS` points of a curve: the least and the greatest of each stretch."""
    x, y = np.asarray(x), np.asarray(y)
    if len(x) <= POINTS:
        return x, y
    stretches = np.array_split(np.arange(len(x)), POINTS // 2)
    extremes = [each[pick(y[each])] for each in stretches for pick in (np.argmin, np.argmax)]
    kept = sorted(set(map(int, extremes)))
    return x[kept], y[kept]


def _rounded(text: str) -> str:
    """Rounds numbers to a tenth of a point, and removes Matplotlib's spaces around commands."""
    text = re.sub(r"-?\d+\.\d+", lambda match: f"{float(match[0]):.1f}".removesuffix(".0"), text)
    return re.sub(r"\s*([MLCQzZ])\s*", r"\1", " ".join(text.split()))


def _flatten(parent: ElementTree.Element) -> None:
    """Replaces each group that has nothing but an id by the group's children."""
    children: list[ElementTree.Element] = []
    for child in parent:
        _flatten(child)
        plain = child.tag == f"{{{SVG}}}g" and child.attrib.keys() <= {"id"}
        empty = child.tag == f"{{{SVG}}}defs" and not [c for c in child if "id" in c.attrib]
        children.extend([] if empty else child if plain else [child])
        child.tail = None
    parent[:] = children
    parent.text = parent.text if parent.text and parent.text.strip() else None
