"""What is drawn at random, as a table in the pages: the rows that the check prints."""

from tf_recipes._support import validation
from tf_recipes.parity.reports import formatting

HEADINGS = ("draws", "port", "verdict", "std or kept share, from TF1's", "worst statistic")


def table(found, kinds=()):
    """The rows of a Markdown table.

    Args:
        found: `distributions` of the check's document, a list of dicts.
        kinds: first words of the draws that are wanted, such as "he" or "dropout"; none means all.

    Returns:
        Text, a row for each distribution and port, in the document's order.

    Raises:
        ValueError: for a kind that was not drawn.
    """
    drawn = sorted({_kind(row) for row in found})
    for kind in kinds:
        validation.choice("distribution", kind, drawn)
    wanted = [_row(row) for row in found if not kinds or _kind(row) in kinds]
    rows = [HEADINGS, ["---"] * len(HEADINGS), *wanted]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _kind(row):
    """`he initialiser` -> `he`, `dropout, keep_prob 0.5` -> `dropout`."""
    return row["name"].replace(",", " ").split()[0]


def _row(row):
    return (
        row["name"],
        row["port"],
        "match" if row["passed"] else "DIFFERS",
        "-" if row["ratio"] is None else f"{100 * (row['ratio'] - 1):+.3f} %",
        _worst(row["standard_errors"]),
    )


def _worst(errors):
    """JSON has no infinity: null stands where a hard bound is broken, which is the worst."""
    broken = [statistic for statistic, error in errors.items() if error is None]
    if broken:
        return f"{broken[0]}: not TF1's"
    statistic = max(errors, key=errors.get)
    return f"{statistic}: {formatting.number(errors[statistic])} standard errors"
