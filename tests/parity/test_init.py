"""Tests which folders of `tf_recipes/parity` import one another."""

import ast
from pathlib import Path

import pytest

from tf_recipes import parity

FOLDER = Path(parity.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))


def imported_parts(path):
    """Returns the first folder or module below `tf_recipes.parity` of each import."""
    parts = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        prefix = "tf_recipes.parity."
        parts |= {name.removeprefix(prefix).split(".")[0] for name in names if prefix in name}
    return parts


def name_of(path):
    return str(path.relative_to(FOLDER))


def test_imports_inside_functions_are_found_too():
    assert imported_parts(FOLDER / "judge.py") >= {"comparison", "replay", "tf1", "trace"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_folders_of_the_proof_import_in_one_direction(path):
    """Modules import `tf1` and `contrib`, `reports` imports modules, and never the reverse."""
    folder = path.relative_to(FOLDER).parts[0]
    modules = {each.stem for each in FOLDER.glob("*.py")} - {"__init__"}
    assert {"judge", "trace", "verdict"} <= modules
    allowed = {
        "contrib": {"contrib"},
        "tf1": {"contrib", "tf1"},
        "reports": modules | {"reports"},
    }.get(folder, modules | {"contrib", "tf1"})
    assert imported_parts(path) <= allowed
