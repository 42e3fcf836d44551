"""Figures in the pages, taken from the check's document and never typed.

A page says where a figure belongs, and `Measured.fill` puts it there:

    it drifts by <!-- measured momentum_decay textbook.drift -->30.7 %<!-- / --> in 100 steps

    <!-- measured table momentum momentum_decay -->
    <!-- / -->
"""

import hashlib
import json
import os
from pathlib import Path

from lab.documentation import distribution_table, markers
from tf_recipes._support import validation
from tf_recipes.parity.reports import document, formatting

FIGURES = Path("figures", "recipes")  # below the folder of the pages
PLOTS = ("losses", "drift")
_HEADINGS = {
    "table": (
        "recipe",
        "steps",
        "exact: worst ratio",
        "textbook: worst ratio",
        "exact: drift at the end",
        "textbook: drift at the end",
        "TF1's own",
    ),
    "printed": (
        "recipe",
        "exact",
        "worst ratio",
        "at step, variable",
        "textbook ratio",
        "textbook drift",
        "why they differ",
    ),
}


class Measured:
    """What the check measured, to be asked by recipe and key.

    Args:
        found: the check's document, a dict.

    Raises:
        ValueError: from every method, for a recipe or a key that there is not.
    """

    def __init__(self, found):
        self.document = found
        self.traces = {trace["name"]: (trace, rows) for trace, rows in document.traces(found)}

    def fill(self, text, page, folder):
        """The page's text with every marker filled anew.

        Args:
            text: Markdown.
            page: the page's path.
            folder: the folder of the documentation, which `FIGURES` is below of.
        """
        to_figures = Path(os.path.relpath(Path(folder, FIGURES), Path(page).parent)).as_posix()
        return markers.fill(text, "measured", lambda what: self._filled(what, to_figures))

    def _filled(self, what, to_figures):
        first, *rest = what
        if first in _HEADINGS and rest:
            return f"\n\n{self.table(first, rest)}\n\n"
        if first == "distributions":
            return f"\n\n{distribution_table.table(self.document['distributions'], rest)}\n\n"
        if first == "plot" and rest:
            return f"\n\n{self._images(rest[0], rest[1:] or PLOTS, to_figures)}\n\n"
        if what == ["summary"]:
            return self.document["summary"]
        if what == ["count"]:
            return str(len(self.traces))
        if len(what) == 2:
            return self.figure(*what)
        return validation.fail(
            "A marker asks for RECIPE KEY, table or printed RECIPE..., plot RECIPE, "
            "distributions, summary or count.",
            " ".join(what),
            "See scripts/lab/documentation/measured.py.",
        )

    def figure(self, name, key):
        """One figure as it stands in prose."""
        trace, rows = self._trace(name)
        port, _, place = key.partition(".")
        if place.startswith("first_") and port in rows and rows[port]["first_failure"] is None:
            validation.fail(
                "Where a port first leaves TF1 is told of one that does.",
                f"{name} {key}",
                "Say in words that it never does.",
            )
        return _FIGURES[_known("key", key, _FIGURES)](trace, rows)

    def table(self, kind, names):
        """The rows of a Markdown table: of kind "printed", as the check prints them, or "table"."""
        row = {"table": _row, "printed": _printed}[kind]
        rows = [_HEADINGS[kind], ["---"] * 7, *(row(*self._trace(name)) for name in names)]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)

    def _images(self, name, kinds, to_figures):
        """The plots, beside one another where there is room."""
        return "\n".join(
            f"![{self.described(name, kind)}]({to_figures}/{file_name(name, kind)})"
            for kind in kinds
        )

    def described(self, name, kind):
        """What a plot of a recipe shows, in words."""
        steps, ports = self.figure(name, "steps"), self._trace(name)[1]
        if kind == "losses":
            return (
                f"Losses of {name} over {steps} steps: TF 1.15 and the {' and '.join(ports)} port"
            )
        ends = [f"the {port} port ends {self.figure(name, f'{port}.end')} away" for port in ports]
        return f"Drift of {name} from TF 1.15 over {steps} steps: {', '.join(ends)}"

    def plotted(self, texts):
        """The names of the recipes whose plots the pages show, each once."""
        found = [what for text in texts for what in markers.words(text, "measured")]
        return sorted({what[1] for what in found if what[0] == "plot"})

    def svg(self, name, kind):
        """A plot of a recipe as the text of an SVG file, with the digest of what it shows."""
        from tf_recipes.parity.reports import plots  # imports Matplotlib

        draw = {"losses": plots.draw_losses, "drift": plots.draw_drifts}[kind]
        panel = plots.panel(draw, *self._trace(name))
        drawn = plots.svg(panel, f"{name} {kind}", plots.THEME)
        return f"<!-- {self.digest(name)} {_sha256(drawn)} -->\n{drawn}"

    def drew(self, name, text):
        """Whether that text is a plot of what was measured, as it was drawn."""
        first, _, drawn = text.partition("\n")
        return first == f"<!-- {self.digest(name)} {_sha256(drawn)} -->"

    def digest(self, name):
        """The SHA-256 of what the plot of a recipe shows."""
        return _sha256(json.dumps(self._trace(name), sort_keys=True))

    def _trace(self, name):
        return self.traces[_known("recipe", name, self.traces)]


def file_name(name, kind):
    """What the file of a plot is called."""
    _known("plot", kind, PLOTS)
    return f"{name}.{kind}.svg"


def _sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _known(field, value, known):
    validation.choice(field, value, known)
    return value


def _end(row):
    return row["curve"][-1]


def _printed(trace, rows):
    exact, textbook = rows["exact"], rows["textbook"]
    place = exact["worst_at"]
    return (
        trace["name"],
        "match" if exact["passed"] else "DIFFERS",
        formatting.number(exact["worst_ratio"]),
        f"{place['step']}, {place['variable']}",
        formatting.number(textbook["worst_ratio"]),
        formatting.percent(textbook["drift"]),
        trace["why"],
    )


def _row(trace, rows):
    keys = ("steps", "exact.ratio", "textbook.ratio", "exact.end", "textbook.end", "sensitivity")
    return trace["name"], *(_FIGURES[key](trace, rows) for key in keys)


def _of(port, show, get):
    return lambda trace, rows: show(get(rows[port]))


_PORT_FIGURES = {
    "ratio": (formatting.number, lambda row: row["worst_ratio"]),
    "drift": (formatting.percent, lambda row: row["drift"]),
    "end": (formatting.percent, lambda row: _end(row)["drift"]),
    "first_step": (str, lambda row: row["first_failure"]["step"]),
    "first_variable": (lambda name: f"`{name}`", lambda row: row["first_failure"]["variable"]),
}
_FIGURES = {
    "steps": lambda trace, rows: str(trace["spec"]["steps"]),
    "why": lambda trace, rows: trace["why"],
    "sensitivity": _of("exact", formatting.percent, lambda row: _end(row)["sensitivity"]),
    **{
        f"{port}.{key}": _of(port, *parts)
        for port in ("exact", "textbook")
        for key, parts in _PORT_FIGURES.items()
    },
}
