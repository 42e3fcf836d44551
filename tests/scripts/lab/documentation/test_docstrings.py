import types

from lab.documentation import docstrings

TEXT = """Adds.

>>> add(
...     1, 1)
2

    >>> add(2, 2)
    4

Args:
    x: with `>>>` inside.
"""


def test_each_example_has_a_fence_and_nothing_else_changes():
    fenced = docstrings.fenced(TEXT)
    assert (
        fenced.replace("    ```pycon\n", "")
        .replace("    ```\n", "")
        .replace("```pycon\n", "")
        .replace("```\n", "")
        == TEXT
    )
    assert fenced.splitlines()[2:7] == ["```pycon", ">>> add(", "...     1, 1)", "2", "```"]
    assert fenced.splitlines()[8:12] == ["    ```pycon", "    >>> add(2, 2)", "    4", "    ```"]


def test_griffe_hands_over_what_has_a_docstring():
    extension = docstrings.FencedExamples()
    documented = types.SimpleNamespace(docstring=types.SimpleNamespace(value=">>> 1\n1"))
    extension.on_object(obj=documented)
    extension.on_object(obj=types.SimpleNamespace(docstring=None))
    assert documented.docstring.value == "```pycon\n>>> 1\n1\n```"
