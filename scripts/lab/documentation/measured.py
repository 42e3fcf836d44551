"""Puts figures from the check's results into the pages.

A marker in a page names a figure, and `Measured.fill` writes the figure into the marker:

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
from tf_recipes.recipe import PORT_NAMES

FIGURES = Path("figures", "recipes")  # relative to the folder of the pages
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
    """Holds the check's results, and returns figures by recipe and key.

    Args:
        results: the check's results, a dict.

    Raises:
        ValueError: from every method, for an unknown recipe or key.
    """

    def __init__(self, results):
        self.results = results
        self.traces = {trace["name"]: (trace, rows) for trace, rows in document.traces(results)}

    def fill(self, text, page, folder):
        """Returns the page's text with every marker filled anew.

        Args:
            text: Markdown.
            page: path of the page.
            folder: folder of the documentation, which holds `FIGURES`.
        """
        to_figures = Path(os.path.relpath(Path(folder, FIGURES), Path(page).parent)).as_posix()
        return markers.fill(text, "measured", lambda what: self._filled(what, to_figures))

    def _filled(self, what, to_figures):
        """Returns the content of a marker with the words `what`."""
        first, *rest = what
        if first in _HEADINGS and rest:
            return f"\n\n{self.table(first, rest)}\n\n"
        if first == "distributions":
            return f"\n\n{distribution_table.table(self.results['distributions'], rest)}\n\n"
        if first == "plot" and rest:
            return f"\n\n{self._images(rest[0], rest[1:] or PLOTS, to_figures)}\n\n"
        if what == ["summary"]:
            return self.results["summary"]
        if what == ["count"]:
            return str(len(self.traces))
        if len(what) == 2:
            return self.figure(*what)
        return validation.fail(
            "A marker must name RECIPE KEY, table or printed RECIPE..., plot RECIPE, "
            "distributions, summary or count.",
            " ".join(what),
            "See scripts/lab/documentation/measured.py.",
        )

    def figure(self, name, key):
        """Returns one figure as text."""
        trace, rows = self._trace(name)
        port, _, place = key.partition(".")
        if place.startswith("first_") and port in rows and rows[port]["first_failure"] is None:
            validation.fail(
                "A key `first_...` needs a port that departs from TF1.",
                f"{name} {key}",
                "Write in words that this port never departs from TF1.",
            )
        return _FIGURES[_checked("key", key, _FIGURES)](trace, rows)

    def table(self, kind, names):
        """Returns a Markdown table of kind "table", or "printed", with the check's printed rows."""
        row = {"table": _row, "printed": _printed}[kind]
        rows = [_HEADINGS[kind], ["---"] * 7, *(row(*self._trace(name)) for name in names)]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)

    def _images(self, name, kinds, to_figures):
        """Returns the Markdown of a recipe's plots."""
        return "\n".join(
            f"![{self.described(name, kind)}]({to_figures}/{file_name(name, kind)})"
            for kind in kinds
        )

    def described(self, name, kind):
        """Returns the description of a plot of a recipe."""
        steps, ports = self.figure(name, "steps"), self._trace(name)[1]
        if kind == "losses":
            return (
                f"Losses of {name} over {steps} steps: TF 1.15 and the {' and '.join(ports)} port"
            )
        ends = [f"the {port} port ends {self.figure(name, f'{port}.end')} away" for port in ports]
        return f"Drift of {name} from TF 1.15 over {steps} steps: {', '.join(ends)}"

    def plotted(self, texts):
        """Returns the names of the recipes whose plots the pages show, each once."""
        words = [what for text in texts for what in markers.words(text, "measured")]
        return sorted({what[1] for what in words if what[0] == "plot"})

    def svg(self, name, kind):
        """Draws a plot of a recipe as the text of an SVG file, with the digest of its data."""
        from tf_recipes.parity.reports import plots  # imports Matplotlib

        draw = {"losses": plots.draw_losses, "drift": plots.draw_drifts}[kind]
        panel = plots.panel(draw, *self._trace(name))
        drawn = plots.svg(panel, f"{name} {kind}", plots.THEME)
        return f"<!-- {self.digest(name)} {_sha256(drawn)} -->\n{drawn}"

    def drew(self, name, text):
        """Returns whether the text is an unchanged plot of the present results."""
        first, _, drawn = text.partition("\n")
        return first == f"<!-- {self.digest(name)} {_sha256(drawn)} -->"

    def digest(self, name):
        """Returns the SHA-256 of the data that the plot of a recipe shows."""
        return _sha256(json.dumps(self._trace(name), sort_keys=True))

    def _trace(self, name):
        """Returns the trace of a recipe and the rows of its ports."""
        return self.traces[_checked("recipe", name, self.traces)]


def file_name(name, kind):
    """Returns the name of a plot's file."""
    _checked("plot", kind, PLOTS)
    return f"{name}.{kind}.svg"


def _sha256(text):
    """Returns the SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _checked(field, value, choices):
    """Returns the value if it is one of the choices, and refuses any other value."""
    validation.choice(field, value, choices)
    return value


def _end(row):
    """Returns the last point of a row's curve."""
    return row["curve"][-1]


def _printed(trace, rows):
    """Returns the cells of a row as the check prints them."""
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
    """Returns the cells of a row of kind "table"."""
    keys = ("steps", "exact.ratio", "textbook.ratio", "exact.end", "textbook.end", "sensitivity")
    return trace["name"], *(_FIGURES[key](trace, rows) for key in keys)


def _port_figure(port, show, get):
    """Returns the function of a port's figure; `get` reads the row, `show` formats the value."""
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
    "sensitivity": _port_figure("exact", formatting.percent, lambda row: _end(row)["sensitivity"]),
    **{
        f"{port}.{key}": _port_figure(port, *parts)
        for port in PORT_NAMES
        for key, parts in _PORT_FIGURES.items()
    },
}
