"""The first line of each docstring says what its object does, and stands by itself."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [*sorted((ROOT / "tf_recipes").rglob("*.py")), *sorted((ROOT / "scripts").rglob("*.py"))]
# With these a first line has no verb, or a pronoun without the noun that it stands for.
RIDDLES = re.compile(
    r"(What|Which|Who|Whom|Where|When|How|It|That|This|Those|These|They|One|None|All|Into|As|For|In"
    r"|Of|Once|Not|Only|Ours|Theirs|So|With|Without|From|Whether|The|A|An)\b"
)
KINDS = (ast.Module, ast.ClassDef, ast.FunctionDef)


def first_lines(path):
    """`[(name, first line)]` of the docstrings of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, KINDS) and (text := ast.get_docstring(node)):
            yield getattr(node, "name", path.stem), text.partition("\n")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_first_lines_stand_by_themselves(path):
    wrong = {name: line for name, line in first_lines(path) if RIDDLES.match(line)}
    assert wrong == {}


def test_every_module_has_one():
    assert [path for path in FILES if not ast.get_docstring(ast.parse(path.read_text()))] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_text_that_the_project_ports_is_called_the_chapter(path):
    assert not re.search(r"\b[Tt]he document('s)?\b(?! \w+ JSON)", path.read_text())
