"""Tests what is read, and what is refused by name."""

import json

import pytest

from tf_recipes.scan.reading import source


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x = (", "neither Python 3 nor Python 2"),
        (b"# -*- coding: no-such -*-\n", "encoding"),
        (b"x = '\xff'", "encoding"),
        (b"x\x00", "Python"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "nested too deeply"),
        (b"-" * 100_000 + b"1", "nested too deeply"),
    ],
)
def test_what_cannot_be_read(tmp_path, data, reason):
    path = tmp_path / "a.py"
    path.write_bytes(data)
    with pytest.raises(source.Unreadable, match=reason):
        source.read(str(path))


def test_what_is_too_large(tmp_path, monkeypatch):
    path = tmp_path / "a.py"
    path.write_text("x = 1\n" * 10)
    monkeypatch.setattr(source, "MOST_CODE", 20)
    with pytest.raises(source.Unreadable, match="more than 20 characters"):
        source.read(str(path))
    monkeypatch.setattr(source, "MOST_BYTES", 30)
    with pytest.raises(source.Unreadable, match="more than 30 bytes"):
        source.read(str(path))


def test_a_notebooks_error_names_cell_and_line(tmp_path):
    path = tmp_path / "a.ipynb"
    cells = [{"cell_type": "code", "source": text} for text in ("x = 1", "y\nz = (")]
    path.write_text(json.dumps({"cells": cells}))
    with pytest.raises(source.Unreadable, match="cell 2, line 2: "):
        source.read(str(path))


def test_encodings_and_line_ends(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes("# coding: latin-1\nx = 'é'\r\ny = 1\r\n".encode("latin-1"))
    assert source.read(str(path)).lines == ["# coding: latin-1", "x = 'é'", "y = 1", ""]
    path.write_bytes(b"\xef\xbb\xbfx = 1\n")
    assert len(source.read(str(path)).tree.body) == 1
