"""Tests that Python 2 is read line by line and column by column."""

import ast

import pytest

from tf_recipes.scan.reading import python2, source

STATEMENTS = [
    ("print", "print"),
    ("print 'a'", "print('a')"),
    ("print 'a',", "print('a',)"),
    ("print >>f, x", "print(  f, x)"),
    ("print('a')", "print('a')"),
    ("print x # say", "print(x) # say"),
    ("if x: print y; print z", "if x: print(y); print(z)"),
    ("exec code in ns", "exec(code in ns)"),
    ("raise E, 'no'", "raise E( 'no')"),
    ("x = 10L + 0777", "x = 10  +  777"),
    ("x <> y", "x != y"),
    ("x = ur'a'", "x =  r'a'"),
    ("x = `y` + `z`", "x = (y) + (z)"),
    ("f = lambda (a, b): a", "f = lambda  a, b : a"),
    ("def f(a, (b, c)):\n\tpass", "def f(a,  b, c ):\n        pass"),
    ("try: pass\nexcept (A, B), e: pass", "try: pass\nexcept (A, B) as e: pass"),
    ("s = 'print x'  # print y", "s = 'print x'  # print y"),
    ("print 'a' \\\n  'b'", "print('a' \\\n  'b')"),
    ("print lambda: 1", "print(lambda: 1)"),
    ("raise E", "raise E"),
    ("async = 1\nprint async", "Async = 1\nprint(Async)"),
    ("try: pass\nexcept: print 1", "try: pass\nexcept: print(1)"),
    ("x = {'a': 1}\nprint x", "x = {'a': 1}\nprint(x)"),
]


@pytest.mark.parametrize(("before", "after"), STATEMENTS)
def test_statements(before, after):
    assert python2.converted(before) == after
    ast.parse(after)


def test_columns_are_those_of_the_original():
    """Tabs, brackets, backticks and `as` move what follows in the converted source."""
    lines = [
        "if 1:",
        "\ttry:",
        '\t\tprint >>f, "é", HERE, `HERE`, 0777, HERE',
        "\texcept E, e: raise V, HERE",
        "        if a <> b: y = `a`; z = HERE",
        "        plain = HERE",
    ]
    tree, is_python2 = source.parse("\n".join(lines))
    assert is_python2
    found = [each for each in ast.walk(tree) if isinstance(each, ast.Name) and each.id == "HERE"]
    assert len(found) == 6
    for each in found:
        line = lines[each.lineno - 1].encode()
        assert line[each.col_offset : each.end_col_offset] == b"HERE"
