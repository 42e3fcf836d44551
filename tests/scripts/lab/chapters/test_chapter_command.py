"""Tests what is printed and written; tests/scripts/ runs the whole scripts."""

import io
import json

import pytest

from lab.chapters import chapter_command, drawing
from lab.chapters.findings import Claim, Findings
from tf_recipes._support.terminal import Terminal

FINDINGS = Findings(
    {"seeds": 2},
    [{"a": 1.0}],
    [{"net": "x", "loss": 0.25}, {"net": "y", "loss": 0.5}, {"other_table": 3}],
    [Claim("it is so.", False, "it is not.")],
)


@pytest.fixture
def drawn():
    view, (axes,) = drawing.new()
    axes.plot([1, 2])
    return {"first": view}


def test_all_files_are_written_the_json_last(tmp_path, drawn):
    assert chapter_command.write("name", FINDINGS, drawn, tmp_path) == ["first.png", "name.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.png", "name.json"]
    assert (tmp_path / "first.png").read_bytes()[1:4] == b"PNG"
    assert json.loads((tmp_path / "name.json").read_text())["runs"] == [{"a": 1.0}]


def test_where_one_cannot_be_written_none_is(tmp_path, drawn):
    (tmp_path / "name.json").mkdir()
    with pytest.raises(OSError, match="which is a directory"):
        chapter_command.write("name", FINDINGS, drawn, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["name.json"]


def test_tables_and_claims_are_printed():
    printed = io.StringIO()
    chapter_command.show(FINDINGS, Terminal(file=printed, width=80))
    lines = [line.strip() for line in printed.getvalue().splitlines() if line.strip()]
    assert lines == [
        "| net | loss |",
        "|-----|------|",
        "| x   | 0.25 |",
        "| y   | 0.5  |",
        "| other table |",
        "|-------------|",
        "| 3           |",
        "NOT borne out: it is so. Measured: it is not.",
    ]
