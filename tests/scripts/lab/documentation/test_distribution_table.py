"""Tests the table of the random distributions, on made-up results of the check."""

from pathlib import Path

import pytest

from lab.documentation import distribution_table
from lab.documentation.measured import Measured


def row(name, port, ratio, passed=True, **errors):
    errors = {key.replace("_", " "): error for key, error in errors.items()}
    return {
        "name": name,
        "port": port,
        "passed": passed,
        "ratio": ratio,
        "standard_errors": errors,
    }


FOUND = [
    row("he initialiser", "exact", 0.9995, standard_deviation=1.956, truncation=0.0),
    # null in the results: the bound on the largest value is not TF1's
    row("he initialiser", "textbook", 0.99657, False, standard_deviation=13.1, truncation=None),
    row("dropout, keep_prob 0.5", "exact", 1.00004, kept_share=0.1981, factor=0.0),
]
HE = [
    "| he initialiser | exact | match | -0.050 % | standard deviation: 1.96 standard errors |",
    "| he initialiser | textbook | DIFFERS | -0.343 % | truncation: not TF1's |",
]
DROPOUT = (
    "| dropout, keep_prob 0.5 | exact | match | +0.004 % | kept share: 0.198 standard errors |"
)


def test_every_distribution_has_its_row_in_the_documents_order():
    assert distribution_table.table(FOUND).splitlines() == [
        "| draws | port | verdict | std or kept share, from TF1's | worst statistic |",
        "| --- | --- | --- | --- | --- |",
        *HE,
        DROPOUT,
    ]


@pytest.mark.parametrize(("kinds", "rows"), [(["he"], HE), (["dropout"], [DROPOUT])])
def test_a_page_shows_those_that_it_is_about(kinds, rows):
    assert distribution_table.table(FOUND, kinds).splitlines()[2:] == rows


def test_the_largest_error_is_shown_wherever_it_stands():
    (line,) = distribution_table.table(
        [row("he initialiser", "textbook", 1.0, False, truncation=0.0, chi_square=62.36)]
    ).splitlines()[2:]
    assert line.endswith("| chi square: 62.4 standard errors |")


def test_a_port_that_draws_nan_has_no_share():
    drawn = [row("he initialiser", "exact", None, False, standard_deviation=None)]
    (line,) = distribution_table.table(drawn).splitlines()[2:]
    assert line == "| he initialiser | exact | DIFFERS | - | standard deviation: not TF1's |"


def test_what_was_not_drawn_is_refused(fails):
    with fails("`distribution`", "dropout, he", "'xavier'"):
        distribution_table.table(FOUND, ["he", "xavier"])


def test_a_page_has_it_between_its_markers():
    measured = Measured({"results": [], "traces": [], "distributions": FOUND})
    marker = "<!-- measured distributions he --><!-- / -->"
    filled = measured.fill(marker, Path("docs/a.md"), Path("docs"))
    table = distribution_table.table(FOUND, ["he"])
    assert filled == f"<!-- measured distributions he -->\n\n{table}\n\n<!-- / -->"
    assert measured.fill(filled, Path("docs/a.md"), Path("docs")) == filled
