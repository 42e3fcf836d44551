"""The verdict for people: one table, and a line for whatever fails."""

import math
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from tf_recipes.parity import comparison

PASSED = Text("match", style="green")
FAILED = Text("DIFFERS", style="bold red")


def verdict(passed):
    """A coloured word."""
    return PASSED if passed else FAILED


def table(results, ports, width=180):
    """A row for each trace: the worst of each port, and why they differ.

    Below 130 characters a port's figures stand one above the other.
    """
    narrow = width < 130
    title = "TF 1.15 against Keras 3"
    layout = {"box": box.SIMPLE} if narrow else {}
    view = Table(title=title, title_justify="left", **layout)
    view.add_column("recipe", overflow="fold")
    for heading, options in _columns(ports, narrow):
        view.add_column(heading, **options)
    for result in results:
        cells = _cells(result, ports)
        if narrow:
            cells = [Text("\n").join(_pairs(group)) for group in cells]
        else:
            cells = [cell for group in cells for cell in group]
        name = Path(result.name).name if result.error else result.name
        view.add_row(Text(name), *cells)
    return view


def _pairs(group):
    """The verdict and its ratio share a line; whatever follows has its own."""
    first, *rest = group
    return [Text(" ").join([first, rest[0]]), *rest[1:]] if len(group) == 3 else group


def _columns(ports, narrow):
    """The headings after the first, and how each is laid out."""
    figure = {"justify": "right", "no_wrap": True}
    if "exact" in ports and narrow:
        yield "exact, worst ratio,\nat step, variable", {"overflow": "fold"}
    elif "exact" in ports:
        yield "exact", {"no_wrap": True}
        yield "worst\nratio", figure
        yield "at step, variable", {"overflow": "fold"}
    if "textbook" in ports and narrow:
        yield "textbook\nratio, drift", figure
    elif "textbook" in ports:
        yield "textbook\nratio", figure
        yield "textbook\ndrift", figure
    if "textbook" in ports:
        yield "why they differ", {}


def _cells(result, ports):
    """The cells after the first, in a group for each port and one for the reason."""
    exact, textbook = result.port("exact"), result.port("textbook")
    if "exact" in ports and exact:
        worst = exact.worst
        yield [verdict(exact.passed), Text(number(worst.ratio)), Text(place(worst))]
    elif "exact" in ports:
        yield [FAILED, Text("-"), Text("-")]
    if "textbook" in ports and textbook:
        yield [Text(number(textbook.worst.ratio)), Text(percent(largest(textbook)))]
    elif "textbook" in ports:
        yield [Text("-"), Text("-")]
    if "textbook" in ports:
        yield [Text("not judged: see the line below" if result.error else result.why)]


def distribution_table(checks):
    """A row for each distribution and port."""
    view = Table(title="What is drawn at random (ten million draws each)", title_justify="left")
    for column in ("draws", "port", "verdict", "std or kept share", "worst statistic"):
        view.add_column(column)
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
