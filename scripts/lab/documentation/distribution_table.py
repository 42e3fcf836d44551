"""Makes the table of the random distributions for the pages, with the rows of the check."""

from tf_recipes._support import validation
from tf_recipes.parity.reports import formatting

HEADINGS = ("draws", "port", "verdict", "std or kept share, from TF1's", "worst statistic")


def table(distributions, kinds=()):
    """Returns a Markdown table with a row for each distribution and port.

    Args:
        distributions: `distributions` of the check's results, a list of dicts.
        kinds: first words of the wanted draws, such as "he" or "dropout"; empty for all draws.

    Returns:
        Text, the rows in the order of `distributions`.

    Raises:
        ValueError: for an unknown kind.
    """
    drawn = sorted({_kind(row) for row in distributions})
    for kind in kinds:
        validation.choice("distribution", kind, drawn)
    wanted = [_row(row) for row in distributions if not kinds or _kind(row) in kinds]
    rows = [HEADINGS, ["---"] * len(HEADINGS), *wanted]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _kind(row):
    """Returns the first word of a draw's name: `dropout, keep_prob 0.5` -> `dropout`."""
    return row["name"].replace(",", " ").split()[0]


def _row(row):
    """Returns the cells of a distribution."""
    return (
        row["name"],
        row["port"],
        "match" if row["passed"] else "DIFFERS",
        "-" if row["ratio"] is None else f"{100 * (row['ratio'] - 1):+.3f} %",
        _worst(row["standard_errors"]),
    )


def _worst(errors):
    """Returns the worst statistic with its error, as text.

    An error of None means that a hard bound is broken, which is worse than any number: JSON has no
    infinity.
    """
    broken = [statistic for statistic, error in errors.items() if error is None]
    if broken:
        return f"{broken[0]}: not TF1's"
    statistic = max(errors, key=errors.get)
    return f"{statistic}: {formatting.number(errors[statistic])} standard errors"
