"""Tests where settings come from, and which rules they choose."""

from pathlib import Path

import pytest

from lab.documentation import pages
from tf_recipes.scan import configuration


def test_the_nearest_file_with_settings(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text("[tool.other]\n")
    (tmp_path / "a" / "setup.cfg").write_text(
        "[tf-recipes:scan]\nignore = TFR001, TFR002\nbaseline = known.json\n"
    )
    (tmp_path / "pyproject.toml").write_text('[tool.tf-recipes.scan]\nselect = ["TFR003"]\n')
    found = configuration.read(str(inner))
    assert found == {
        "ignore": ["TFR001", "TFR002"],
        "baseline": [str(tmp_path / "a" / "known.json")],
    }
    assert configuration.read(str(tmp_path)) == {"select": ["TFR003"]}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("pyproject.toml", "[tool.tf-recipes.scan]\nselct = 'TFR001'", "selct"),
        ("pyproject.toml", "[tool.tf-recipes.scan]\nselect = 3", "A setting is a text"),
        ("pyproject.toml", "[tool.tf-recipes.scan]\nselect = 3", "3 as select in .*pyproject.toml"),
        ("pyproject.toml", "[tool", "must be TOML"),
        ("pyproject.toml", "[tool]\ntf-recipes = 3", "the parent of scan is no table"),
        ("pyproject.toml", "[tool.tf-recipes]\nscan = 3", "scan is no table"),
        ("setup.cfg", "select = 3", "must be readable"),
    ],
)
def test_wrong_settings(tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=says):
        configuration.read(str(tmp_path))


def test_rules_are_chosen_by_codes_and_by_their_beginnings():
    every = configuration.chosen([], [])
    assert every[:2] == ["TFR001", "TFR002"] and len(every) > 15
    assert configuration.chosen(["TFR001"], []) == ["TFR001"]
    others = [code for code in every if code < "TFR010" and code != "TFR002"]
    assert configuration.chosen(["TFR00"], ["TFR002"]) == others and len(others) > 2
    with pytest.raises(ValueError, match=r"Received: select=TFR9\."):
        configuration.chosen(["TFR9"], [])


def test_the_settings_of_the_page_are_read(tmp_path):
    page = Path(__file__).parents[2] / "docs" / "scan.md"
    names = {"toml": "pyproject.toml", "ini": "setup.cfg"}
    shown = [block for block in pages.blocks(page) if block.language in names]
    assert {block.language for block in shown} == names.keys()
    for block in shown:
        (tmp_path / block.language).mkdir()
        (tmp_path / block.language / names[block.language]).write_text(block.code)
        found = configuration.read(str(tmp_path / block.language))
        known = str(tmp_path / block.language / "known.json")
        assert found == {"ignore": ["TFR026"], "baseline": [known]}
