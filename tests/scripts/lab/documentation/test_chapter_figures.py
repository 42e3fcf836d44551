"""Tests that figures are filled into a page, on a made-up chapter, and checks the real pages."""

import hashlib
import json
from pathlib import Path

import pytest

from lab.documentation import chapter_figures, markers, pages

DOCS = Path(__file__).parents[4] / "docs"
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]
FOLDER = DOCS / "measured" / "chapters"
KEPT = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*"))}
WRITTEN = {
    "settings": {"seeds": 2, "command": "python scripts/x.py --seeds=2"},
    "runs": [{"loss": 0.5}] * 1000,
    "summary": [
        {"net": "a, wide", "way": "new", "test_accuracy": "90.00% ± 1.00%"},
        {"net": "a, wide", "way": "old", "test_accuracy": "80.00% ± 2.00%"},
        {"layer": "one|two", "norm": 0.123456, "ratio": None},
    ],
    "claims": [
        {
            "text": "it is so, and it is so for each net that was trained on digits.",
            "holds": True,
            "measured": "at 0.01 8.46 (8.1 to 8.82); at 0.1 2.26; gain -0.52% ± 1.86%, 5 of 5.",
        },
        {
            "text": "it is not.",
            "holds": False,
            "measured": "1.9e-05 of 5,000 images on hidden2 +3%.",
        },
    ],
    "also": {"curves": [0.0] * 1000},
    "environment": {
        "python": "3.11.7",
        "tensorflow": "2.21.0",
        "keras": "3.15.1",
        "numpy": "2.4.6",
        "tf_recipes": "0.1.0",
        "cores": 2,
    },
}
# The prose of the pages repeats these verdicts in words. If one changes, correct the prose.
VERDICTS = {
    "augment": [True, False, True],
    "compare_optimizers": [False, False, True, False, False, False, True, True, False],
    "depth_vs_width": [True, False],
    "diagnose": [True, False, True, False, True, False, False, True],
    "features": [True, True, True, False],
    "learning_rate": [True, False, True],
    "monitor_costs": [True, True, True, True],
    "monte_carlo_dropout": [True, False, False],
    "transfer": [True, True, True, False, True, True, False, False],
    "watch_gradients": [],
}


@pytest.fixture
def folder(tmp_path):
    kept = {**chapter_figures.reduce(WRITTEN), "seconds": 12.6}
    (tmp_path / "x.json").write_text(json.dumps(kept))
    return tmp_path


def filled(folder, what, old=""):
    """Returns the content of a filled marker."""
    opening, closing = f"<!-- chapter {what} -->", "<!-- / -->"
    text = chapter_figures.fill(f"before {opening}{old}{closing} after", folder)
    assert text.startswith(f"before {opening}") and text.endswith(f"{closing} after")
    return text.removeprefix(f"before {opening}").removesuffix(f"{closing} after")


def test_neither_runs_nor_curves_are_kept():
    assert chapter_figures.reduce(WRITTEN) == {
        "command": "python scripts/x.py --seeds=2",
        "settings": {"seeds": 2},
        "summary": WRITTEN["summary"],
        "claims": WRITTEN["claims"],
        "environment": WRITTEN["environment"],
    }
    assert "command" in WRITTEN["settings"]


def test_a_document_of_something_else_is_refused(fails):
    with fails("JSON without summary, claims, environment"):
        chapter_figures.reduce({"settings": {}, "passed": True})


def test_a_table_for_each_run_of_rows_with_the_same_keys(folder):
    assert filled(folder, "x table", old="| old |") == (
        "\n\n| net | way | test accuracy |\n"
        "|---|---|---|\n"
        "| a, wide | new | 90.00% ± 1.00% |\n"
        "| a, wide | old | 80.00% ± 2.00% |\n"
        "\n| layer | norm | ratio |\n"
        "|---|---|---|\n"
        "| one\\|two | 0.1235 | - |\n\n"
    )


def test_claims_are_a_list_with_lines_of_at_most_100_characters(folder):
    text = filled(folder, "x claims")
    assert text == (
        "\n\n- **borne out**: it is so, and it is so for each net that was trained on digits. "
        "*Measured:* at 0.01\n"
        "  8.46 (8.1 to 8.82); at 0.1 2.26; gain -0.52% ± 1.86%, 5 of 5.\n"
        "- **NOT borne out**: it is not. *Measured:* 1.9e-05 of 5,000 images on hidden2 +3%.\n\n"
    )
    assert max(map(len, text.splitlines())) == 100


@pytest.mark.parametrize("token", ["5.", "1)", "-", "+", "*", "#", ">"])
def test_no_line_of_a_claim_begins_a_list_of_its_own(tmp_path, token):
    """The token is not wrapped to the start of the second line, where it would begin a list."""
    claim = {"text": "so.", "holds": True, "measured": f"{'y' * 67} {token} That is all."}
    (tmp_path / "x.json").write_text(json.dumps({"claims": [claim]}))
    assert filled(tmp_path, "x claims").strip().splitlines() == [
        "- **borne out**: so. *Measured:*",
        f"  {'y' * 67} {token} That is all.",
    ]


def test_no_word_is_broken(tmp_path):
    claim = {"text": "so.", "holds": True, "measured": f"{'y' * 60} sub-networks."}
    (tmp_path / "x.json").write_text(json.dumps({"claims": [claim]}))
    assert filled(tmp_path, "x claims").strip().splitlines()[1:] == ["  sub-networks."]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("x cell a, wide; old; test_accuracy", "80.00% ± 2.00%"),
        ("x cell one\\|two; norm", "0.1235"),
        ("x claim 2", "1.9e-05 of 5,000 images on hidden2 +3%"),
        ("x claim 1 after at 0.01", "8.46 (8.1 to 8.82)"),
        ("x claim 1 after at 0.1", "2.26"),
        ("x claim 1 after gain", "-0.52% ± 1.86%"),
        ("x claim 1 after 1.86%,", "5 of 5"),
        ("x claim 2 after of", "5,000"),
        ("x claim 2 after on", "+3%"),
        ("x verdict 1", "borne out"),
        ("x verdict 2", "NOT borne out"),
        ("x seconds", "13"),
        ("x versions", "TensorFlow 2.21.0, Keras 3.15.1, NumPy 2.4.6, Python 3.11.7, 2 cores"),
    ],
)
def test_a_figure_in_prose(folder, what, expected):
    assert filled(folder, what, old="typed") == expected


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("y table", "--chapters=y"),
        ("x picture", "chapter='picture'"),
        ("x cell a, wide; test_accuracy", "picks 2 rows"),
        ("x cell b; test_accuracy", "picks 0 rows"),
        ("x cell a, wide; new; norm", "picks 0 rows"),
        ("x cell norm", "'norm'"),
        ("x claim 0", "claim='0'"),
        ("x claim 3", "claim='3'"),
        ("x verdict", "verdict has more words"),
        ("x claim 1 after at 0.0", "words='at 0.0'"),
        ("x claim 2 after hidden2 +3%", "words='hidden2 +3%'"),
    ],
)
def test_what_there_is_not_is_refused(folder, what, says, fails):
    with fails(says):
        filled(folder, what)


def test_other_text_stays(folder):
    text = "# T\n\n<!-- measured adam steps -->100<!-- / -->\n\n<!-- chapter of a book -->\n"
    assert chapter_figures.fill(text, folder) == text


def test_text_without_markers():
    text = "a <!-- chapter x seconds -->1 %<!-- / --> b <!-- chapter x table -->\n2\n<!-- / -->"
    assert markers.without(text, ["chapter"]) == "a  b "


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_pages_have_what_was_measured(page):
    text = page.read_text()
    assert chapter_figures.fill(text, FOLDER) == text, "run python scripts/update_docs.py"


@pytest.mark.parametrize("name", ["chapters", "diagnosis"])
def test_nothing_measured_is_typed(name):
    text = pages.without_code(markers.without((DOCS / f"{name}.md").read_text()))
    typed = [line for line in text.splitlines() if "%" in line or "±" in line]
    assert not typed


def test_verdicts_are_those_that_the_prose_speaks_of():
    found = {name: [claim["holds"] for claim in kept["claims"]] for name, kept in KEPT.items()}
    assert found == VERDICTS


def test_the_page_names_the_commands_that_were_run():
    found = [block.code for block in pages.blocks(DOCS / "chapters.md") if block.language == "sh"]
    named = [line for code in found for line in code.splitlines() if "scripts/" in line]
    assert sorted(named) == sorted(kept["command"] for kept in KEPT.values())


def test_all_chapters_were_measured_with_the_same_versions():
    assert len({json.dumps(kept["environment"], sort_keys=True) for kept in KEPT.values()}) == 1


@pytest.mark.parametrize("name", sorted(VERDICTS))
def test_the_figures_are_of_the_run_that_the_page_shows(name):
    figures = KEPT[name]["figures"]
    assert bool(figures) == (name != "monitor_costs")
    for each, digest in figures.items():
        assert hashlib.sha256((DOCS / "figures" / each).read_bytes()).hexdigest() == digest
        assert f"](figures/{each})" in (DOCS / "chapters.md").read_text()


@pytest.mark.parametrize("name", sorted(VERDICTS))
def test_what_is_kept_is_small_and_shown(name):
    assert (FOLDER / f"{name}.json").stat().st_size < 30_000
    assert any(f"<!-- chapter {name} " in page.read_text() for page in PAGES)
