"""The verdict for people (one table) and for programs (one JSON file)."""

import json
import math
from pathlib import Path

from rich.table import Table
from rich.text import Text

from tf_recipes import files
from tf_recipes.parity import check, comparison

PASSED = Text("match", style="green")
FAILED = Text("DIFFERS", style="bold red")


def verdict(passed):
    """A coloured word."""
    return PASSED if passed else FAILED


def table(results, ports):
    """A row for each trace: the worst of each port, and why they differ."""
    view = Table(title="TF 1.15 against Keras 3", title_justify="left", expand=False)
    view.add_column("recipe", overflow="fold")
    if "exact" in ports:
        view.add_column("exact", no_wrap=True)
        view.add_column("worst\nratio", justify="right", no_wrap=True)
        view.add_column("at step, variable", overflow="fold")
    if "textbook" in ports:
        view.add_column("textbook\nratio", justify="right", no_wrap=True)
        view.add_column("textbook\ndrift", justify="right", no_wrap=True)
        view.add_column("why they differ", min_width=16)
    for result in results:
        view.add_row(*(_row(result, ports) if not result.error else _error_row(result, ports)))
    return view


def _row(result, ports):
    cells = [Text(result.name)]
    exact, textbook = result.port("exact"), result.port("textbook")
    if "exact" in ports:
        cells += [verdict(exact.passed), Text(number(exact.worst.ratio)), Text(place(exact.worst))]
    if "textbook" in ports:
        cells += [Text(number(textbook.worst.ratio)), Text(percent(largest(textbook)))]
        cells += [Text(result.why)]
    return cells


def _error_row(result, ports):
    cells = [Text(Path(result.name).name)]
    if "exact" in ports:
        cells += [FAILED, Text("-"), Text("-")]
    if "textbook" in ports:
        cells += [Text("-"), Text("-"), Text("not judged: see the line below")]
    return cells


def distribution_table(checks):
    """A row for each distribution and port."""
    view = Table(title="What is drawn at random (ten million draws each)", title_justify="left")
    for column in ("draws", "port", "verdict", "std or kept share", "worst statistic"):
        view.add_column(column, no_wrap=True)
    for each in checks:
        statistic, errors = each.worst
        view.add_row(
            each.name,
            each.port,
            verdict(each.passed),
            f"{100 * (each.std_ratio - 1):+.3f} %",
            f"{statistic}: {number(errors)} standard errors"
            if math.isfinite(errors)
            else f"{statistic}: not TF1's",
        )
    return view


def failure(result):
    """Where a failing exact port first leaves TF1, in one line; empty where it matches."""
    exact = result.port("exact")
    first = exact and exact.first_failure
    if not first:
        return ""
    return (
        f"{result.name}: the exact port first leaves TF1 by step {first.step}, "
        f"in {first.variable}: drift {percent(first.drift)}, {number(first.ratio)} times TF1's own."
    )


def summary(results, distributions):
    """The last line: how many exact ports match, and how far the worst is."""
    exact = [result.port("exact") for result in results if result.port("exact")]
    matching = sum(each.passed for each in exact)
    text = f"{matching} of {len(exact)} exact ports match TF1 started one ulp away"
    if exact:
        worst = _largest(each.worst.ratio for each in exact)
        text += f"; the worst ratio is {number(worst)}, the limit {comparison.LIMIT:g}"
    errors = sum(bool(result.error) for result in results)
    if errors:
        text += f"; {errors} could not be judged"
    drawn = [each for each in distributions if each.port == "exact"]
    if drawn:
        text += f"; {sum(each.passed for each in drawn)} of {len(drawn)} distributions match"
    return text + "."


def largest(compared):
    """The largest drift of any variable at any step."""
    return _largest(each.drift for each in compared.drifts)


def _largest(values):
    """NaN above all."""
    return max(values, key=lambda value: (math.isnan(value), value))


def place(drift):
    """Where a drift is."""
    return f"{drift.step}, {drift.variable}"


def number(value):
    """Three digits, without an exponent where it can be helped.

    >>> number(1.2345), number(123456.0), number(float("inf"))
    ('1.23', '1.23e+05', 'inf')
    """
    return f"{value:.3g}"


def percent(value):
    """A drift in percent.

    >>> percent(0.0483)
    '4.83 %'
    """
    return f"{100 * value:.2g} %" if value < 0.01 else f"{100 * value:.3g} %"


def as_json(results, distributions=()):
    """The JSON document: see the README for its keys. NaN and infinity become null."""
    rows = []
    for result in results:
        if result.error:
            rows.append(_json_error(result))
        rows += [_json_row(result.name, compared) for compared in result.comparisons]
    return {
        "passed": check.exit_status(results, distributions) == 0,
        "results": rows,
        "distributions": [
            {
                "name": each.name,
                "port": each.port,
                "passed": each.passed,
                "ratio": finite(each.std_ratio),
                "standard_errors": {key: finite(z) for key, z in each.deviations.items()},
            }
            for each in distributions
        ],
    }


def _json_row(name, compared):
    worst = compared.worst
    return {
        "name": name,
        "port": compared.port,
        "passed": compared.passed,
        "worst_ratio": finite(worst.ratio),
        "worst_at": {"step": worst.step, "variable": worst.variable},
        "drift": finite(largest(compared)),
        "sensitivity": finite(worst.sensitivity),
    }


def _json_error(result):
    return {
        "name": result.name,
        "port": "exact",
        "passed": False,
        "worst_ratio": None,
        "worst_at": None,
        "drift": None,
        "sensitivity": None,
        "error": result.error,
    }


def finite(value):
    """`value`, or None where JSON has no number for it."""
    return float(value) if math.isfinite(value) else None


def write_json(path, document):
    """Writes the document, whole or not at all."""
    with files.replacing(path) as partial:
        partial.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")
