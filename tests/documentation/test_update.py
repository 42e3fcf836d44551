"""The pages are those that the results make; and the results are today's."""

import json
import shutil

import pytest

from tf_recipes.documentation import update
from tf_recipes.parity import check, comparison, references

DOCS = update.CLONE / "docs"
CHECK = json.loads((DOCS / "check.json").read_text())
ROWS = {(row["name"], row["port"]): row for row in CHECK["results"]}


@pytest.fixture(scope="module")
def contents():
    return update.generated(update.CLONE)


def test_every_page_is_up_to_date(contents):
    stale = [path.name for path, text in contents.items() if path.read_text() != text]
    assert not stale, "run python scripts/update_docs.py"
    assert update.CLONE / "README.md" in contents
    assert DOCS / "figures" / "recipes" / "momentum_decay.drift.svg" in contents


def test_no_plot_is_left_over(contents):
    assert set((DOCS / "figures" / "recipes").iterdir()) <= set(contents)


def test_the_results_are_those_of_the_whole_check():
    assert CHECK["passed"] is True
    assert CHECK["command"] == "python scripts/check_migration.py"
    assert [trace["name"] for trace in CHECK["traces"]] == [
        path.stem for path in references.trace_files()
    ]
    assert len(ROWS) == 2 * len(CHECK["traces"]) and len(CHECK["distributions"]) == 10


@pytest.mark.parametrize("name", ["momentum_decay", "l2", "leaky_relu", "dropout_float64"])
def test_the_results_are_what_this_code_gives(name):
    source = check.from_files([references.RECORDED / f"{name}.npz"])
    (result,) = check.judge(source, ["exact", "textbook"])
    assert result.port("exact").passed
    for compared in result.comparisons:
        known = ROWS[name, compared.port]
        assert compared.passed is known["passed"]
        # What TF1's own noise decides differs from processor to processor; a wrong semantic not.
        if known["worst_ratio"] > 100 * comparison.LIMIT:
            largest = max(each.drift for each in compared.drifts)
            assert largest == pytest.approx(known["drift"], rel=0.01)


@pytest.fixture
def clone(tmp_path):
    """The least that `update` takes for a clone."""
    (tmp_path / "docs").mkdir()
    shutil.copy(DOCS / "check.json", tmp_path / "docs")
    (tmp_path / "README.md").write_text("by <!-- measured l2 steps --><!-- / --> steps\n")
    return tmp_path


def test_what_is_out_of_date_is_named_and_written_or_not(clone, capsys):
    readme = clone / "README.md"
    before = readme.read_text()
    assert update.run(clone, check=True) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{readme}: out of date",
        "0 of 1 files were up to date.",
    ]
    assert readme.read_text() == before
    assert update.run(clone) == 0
    assert readme.read_text() == "by <!-- measured l2 steps -->100<!-- / --> steps\n"
    capsys.readouterr()
    assert update.run(clone, check=True) == 0
    assert capsys.readouterr().out == "1 of 1 files were up to date.\n"


def test_a_plot_that_is_asked_for_is_drawn_once(clone):
    (clone / "README.md").write_text("<!-- measured plot l2 -->\n<!-- / -->\n")
    drawn = clone / "docs" / "figures" / "recipes" / "l2.drift.svg"
    assert update.run(clone) == 0
    drawn.write_text(drawn.read_text() + "<!-- kept -->")
    assert update.run(clone) == 0
    assert drawn.read_text().endswith("<!-- kept -->")


def test_without_results_there_is_nothing_to_write(clone, fails):
    (clone / "docs" / "check.json").unlink()
    with fails("made from the check's results", "no ", "--json_out="):
        update.run(clone)
