"""Tests what a file must be to be rewritten, and what stays of a notebook."""

import json

import pytest

from tf_recipes.scan.fixing import documents, fixer
from tf_recipes.scan.reading.source import Unreadable


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.py", b"x = '\xff'\n", "its encoding is wrong"),
        ("a.py", b"# coding: no-such\n", "its encoding is wrong"),
        ("a.ipynb", b"\xff", "can't decode"),
        ("a.ipynb", b"{", "not a notebook"),
        ("a.ipynb", b"{}", "not a notebook"),
        ("b.py", None, "cannot be found"),
    ],
)
def test_what_cannot_be_read(tmp_path, name, data, reason):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(Unreadable, match=reason):
        documents.read(str(path))


def test_what_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "MOST_CODE", 20)
    (tmp_path / "a.py").write_text("x = 1\n" * 10)
    with pytest.raises(Unreadable, match="more than 20 characters"):
        documents.read(str(tmp_path / "a.py"))


@pytest.mark.parametrize("text", ["a = 1\r\nb = 2\n", "a = 1\rb = 2\r", "a = 1\r\nb = 2\r"])
def test_mixed_line_ends_are_left(tmp_path, text):
    path = tmp_path / "a.py"
    path.write_bytes(f"import tensorflow as tf; tf.log(1)\n{text}".encode())
    before = path.read_bytes()
    found = fixer.fix(str(path), write=True)
    assert found.notes == ["not rewritten: its line ends are mixed"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("indent", [None, 0, 1, 4, "\t"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_notebook_keeps_its_layout(tmp_path, indent, end):
    """Only the cell with other code changes: a text stays a text, a list stays a list."""
    path = tmp_path / "a.ipynb"
    sources = ["import tensorflow as tf", ["a = 1\n", "b = 2"], "y = tf.log(1)", []]
    content = {"cells": [{"cell_type": "code", "source": each} for each in sources]}
    path.write_text(json.dumps(content, indent=indent) + end)
    fixer.fix(str(path), write=True)
    content["cells"][2]["source"] = "y = tf.math.log(1)"
    assert path.read_text() == json.dumps(content, indent=indent) + end


def test_an_old_notebook_and_letters(tmp_path):
    path = tmp_path / "a.ipynb"
    cell = {"cell_type": "code", "input": ["import tensorflow as tf\n", "tf.log(1)  # é"]}
    content = {"worksheets": [{"cells": [cell]}]}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    fixer.fix(str(path), write=True)
    cell["input"][1] = "tf.math.log(1)  # é"
    assert path.read_text(encoding="utf-8") == json.dumps(content, ensure_ascii=False)


def test_a_notebook_of_another_language_is_left(tmp_path):
    path = tmp_path / "a.ipynb"
    content = {
        "cells": [{"cell_type": "code", "source": "tf.log(1)"}],
        "metadata": {"kernelspec": {"language": "R"}},
    }
    path.write_text(json.dumps(content))
    assert fixer.fix(str(path), write=True).diff == ""
    assert json.loads(path.read_text()) == content
