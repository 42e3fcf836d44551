"""Every public function of the package says its types; mypy checks them, see pyproject.toml."""

import ast
from pathlib import Path

import pytest

import tf_recipes

PACKAGE = Path(tf_recipes.__file__).parent
FILES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if not path.is_relative_to(PACKAGE / "originals") and path != PACKAGE / "__init__.py"
]


def public_functions(tree):
    """The functions and methods whose names, and whose classes' names, have no underscore first."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node)
        elif isinstance(node, ast.FunctionDef) and (
            node.name == "__init__" or not node.name.startswith("_")
        ):
            yield node


def untyped(function):
    """The parameters of a function without an annotation, and "return" for a result without."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    names = [each.arg for each in every if each is not None and each.annotation is None]
    names = [name for name in names if name not in ("self", "cls")]
    returns = [] if function.returns or function.name == "__init__" else ["return"]
    return names + returns


def test_what_is_untyped_is_found():
    (function,) = ast.parse("def f(self, a, b: int, *c, d=1, **e): pass").body
    assert untyped(function) == ["a", "d", "c", "e", "return"]
    code = "class A:\n  def __init__(self, x): 0\n  def _b(self): 0\nclass _C:\n  def d(self): 0"
    assert [each.name for each in public_functions(ast.parse(code))] == ["__init__"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_public_functions_say_their_types(path):
    tree = ast.parse(path.read_text())
    found = {each.name: untyped(each) for each in public_functions(tree)}
    assert {name: missing for name, missing in found.items() if missing} == {}


def test_the_package_says_that_it_has_types():
    assert (PACKAGE / "py.typed").read_text() == ""
