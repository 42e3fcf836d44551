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


def test_what_is_no_file_or_is_closed(tmp_path, monkeypatch):
    with pytest.raises(source.Unreadable, match="it is no file"):
        source.data_of(str(tmp_path))
    with pytest.raises(source.Unreadable, match="it cannot be found"):
        source.data_of(str(tmp_path / "a.py"))

    def refusing(path):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(source.os.path, "getsize", refusing)
    with pytest.raises(source.Unreadable, match=r"it cannot be read \(Permission denied\)"):
        source.data_of(str(tmp_path / "a.py"))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("x = '\ud800'", "it is no text of Python"),  # half a letter, which JSON can hold
        ("x = " + "(" * 5000 + ")" * 5000, "cell 1, line 1: its code is nested too deeply"),
        ("-" * 100_000 + "1", "^its code is nested too deeply"),
    ],
)
def test_a_notebook_with_odd_code(code, reason):
    data = json.dumps({"cells": [{"cell_type": "code", "source": code}]}).encode()
    with pytest.raises(source.Unreadable, match=reason):
        source.read("a.ipynb", data)


def test_a_notebooks_encoding_and_size(monkeypatch):
    with pytest.raises(source.Unreadable, match="its encoding is wrong"):
        source.read("a.ipynb", b"\xff")
    with pytest.raises(source.Unreadable, match="not a notebook"):
        source.read("a.ipynb", b"{}")
    data = json.dumps({"cells": [{"cell_type": "code", "source": "x = 1\n" * 10}]}).encode()
    monkeypatch.setattr(source, "MOST_CODE", 20)
    with pytest.raises(source.Unreadable, match="its code has more than 20 characters"):
        source.read("a.ipynb", data)
