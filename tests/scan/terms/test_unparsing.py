"""Tests that expressions are written as Python itself writes them."""

import ast
import random
from pathlib import Path

import pytest

import tf_recipes
from tf_recipes.scan.terms import unparsing

ODD = [
    "f(x for x in y)",
    "f(*a, b=1, **(c or d))",
    "f((1, 2), (3,), (), [(4, 5)])",
    "x[1, 2], x[1:2], x[(1, 2):], x[()], x[i]",
    "(1).real, (-1).real, 'a'.b, 1.5.real, (a + b).c, (a, b).c",
    "-1, -x, -x ** 2, (-x) ** 2, not x, -(a + b), - -x",
    "a + b * c, (a + b) * c, a - (b - c), 2 ** -1, 2 ** 3 ** 4, a @ b, a | b, a % b // c",
    "1e400, -1e400, 1e16, 1_000, 0x10, 1j, 1e-7, 5., ..., None, True",
    "u'a', b'a', 'a' 'b', '''a\nb''', '\\n\"', f'{a!r:>{b}}', 'é'",
    "lambda x: x, (yield), (a := 1), [a := 1], await_, a if b else c, {a: b, **c}, {1, 2}",
    "f(a := 1), f((yield)), f(lambda: 0, *[1]), x[a := 1], f()()[0].b(c)",
]


@pytest.mark.parametrize("text", ODD)
def test_odd_expressions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.expr):
            assert unparsing.unparsed(node) == ast.unparse(node)


def test_the_expressions_of_a_package():
    paths = sorted(Path(tf_recipes.__file__).parent.rglob("*.py"))
    nodes = [
        node
        for path in random.Random(1).sample(paths, 12)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.expr)
    ]
    assert len(nodes) > 2000
    assert [n for n in nodes if unparsing.unparsed(n) != ast.unparse(n)] == []
