"""Tests the figures in the pages, on made-up results of the check."""

from pathlib import Path

import pytest

from lab.documentation.measured import Measured


def row(port, ratio, drifts, failure=None):
    curve = [
        {"step": step, "drift": drift, "sensitivity": 2e-7}
        for step, drift in zip((1, 100), drifts, strict=True)
    ]
    return {
        "name": "momentum",
        "port": port,
        "passed": failure is None,
        "worst_ratio": ratio,
        "worst_at": {"step": 5, "variable": "logits"},
        "drift": max(drifts),
        "sensitivity": 2e-7,
        "first_failure": failure,
        "curve": curve,
        "losses": [2.0, 1.0],
    }


FAILURE = {"step": 5, "variable": "hidden1/weights", "drift": 0.25, "ratio": 1.25e6}
DOCUMENT = {
    "summary": "1 of 1 exact ports match.",
    "results": [
        row("exact", 0.75, (1e-7, 1.5e-7)),
        row("textbook", 1.25e6, (0.25, 0.0048), FAILURE),
    ],
    "traces": [
        {
            "name": "momentum",
            "recipe": "momentum",
            "why": "old gradients",
            "spec": {"steps": 100},
            "losses": [2.0, 1.0],
        }
    ],
}
MEASURED = Measured(DOCUMENT)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("exact.ratio", "0.75"),
        ("textbook.ratio", "1.25e+06"),
        ("textbook.drift", "25 %"),
        ("textbook.end", "0.48 %"),
        ("exact.end", "1.5e-05 %"),
        ("textbook.first_step", "5"),
        ("textbook.first_variable", "`hidden1/weights`"),
        ("sensitivity", "2e-05 %"),
        ("steps", "100"),
        ("why", "old gradients"),
    ],
)
def test_a_figure_in_prose(key, shown):
    text = f"by <!-- measured momentum {key} -->whatever\nwas<!-- / --> here"
    filled = MEASURED.fill(text, Path("docs/a.md"), Path("docs"))
    assert filled == f"by <!-- measured momentum {key} -->{shown}<!-- / --> here"
    assert MEASURED.fill(filled, Path("docs/a.md"), Path("docs")) == filled


def test_tables():
    table, printed = (MEASURED.table(kind, ["momentum"]) for kind in ("table", "printed"))
    assert table.splitlines()[2] == (
        "| momentum | 100 | 0.75 | 1.25e+06 | 1.5e-05 % | 0.48 % | 2e-05 % |"
    )
    assert printed.splitlines()[2] == (
        "| momentum | match | 0.75 | 5, logits | 1.25e+06 | 25 % | old gradients |"
    )
    for lines in (table.splitlines(), printed.splitlines()):
        assert {line.count("|") for line in lines} == {8}


def test_plots_are_named_relative_to_the_page():
    marker = "<!-- measured plot momentum --><!-- / -->"
    filled = MEASURED.fill(marker, Path("docs/recipes/a.md"), Path("docs"))
    assert filled.splitlines()[2:4] == [
        "![Losses of momentum over 100 steps: TF 1.15 and the exact and textbook port]"
        "(../figures/recipes/momentum.losses.svg)",
        "![Drift of momentum from TF 1.15 over 100 steps: the exact port ends 1.5e-05 % away, "
        "the textbook port ends 0.48 % away](../figures/recipes/momentum.drift.svg)",
    ]
    assert MEASURED.plotted([filled, filled]) == ["momentum"]
    one = MEASURED.fill(
        "<!-- measured plot momentum drift --><!-- / -->", Path("README.md"), "docs"
    )
    (line,) = (line for line in one.splitlines() if line.startswith("!["))
    assert line.endswith("(docs/figures/recipes/momentum.drift.svg)")


def test_a_plot_bears_the_digest_of_its_data():
    drawn = MEASURED.svg("momentum", "drift")
    assert drawn.startswith(f"<!-- {MEASURED.digest('momentum')} ")
    assert MEASURED.drew("momentum", drawn)
    assert not MEASURED.drew("momentum", drawn.replace("training step", "training"))
    assert "prefers-color-scheme:dark" in drawn and "Keras 3, textbook" in drawn
    assert "var(--textbook, #d55e00)" in drawn
    other = {**DOCUMENT, "results": [row("exact", 0.75, (1e-7, 1.6e-7)), DOCUMENT["results"][1]]}
    assert not Measured(other).drew("momentum", drawn)


@pytest.mark.parametrize(
    ("marker", "wrong"),
    [
        ("adam exact.ratio", "adam"),
        ("momentum exact.speed", "exact.speed"),
        ("plot adam", "adam"),
        ("plot momentum speed", "speed"),
        ("table momentum adam", "adam"),
        ("momentum exact.first_step", "momentum exact.first_step"),
        ("momentum steps more", "momentum steps more"),
        ("momentum", "momentum"),
        ("plot", "plot"),
        ("table", "table"),
    ],
)
def test_what_was_not_measured_is_refused(marker, wrong, fails):
    with fails(wrong):
        MEASURED.fill(f"<!-- measured {marker} --><!-- / -->", Path("docs/a.md"), Path("docs"))


def test_the_whole_checks_summary():
    filled = MEASURED.fill("<!-- measured summary --><!-- / -->", Path("a.md"), Path("docs"))
    assert filled == "<!-- measured summary -->1 of 1 exact ports match.<!-- / -->"
    filled = MEASURED.fill("<!-- measured count -->?<!-- / -->", Path("a.md"), Path("docs"))
    assert filled == "<!-- measured count -->1<!-- / -->"
