"""Reads a file to scan: decodes it, takes the code out of a notebook, parses it, never runs it."""

import ast
import io
import os
import tokenize
import warnings
from typing import NamedTuple

from tf_recipes.scan.reading import notebooks, python2

MOST_BYTES = 20_000_000
MOST_CODE = 2_000_000  # characters of Python


class Unreadable(ValueError):
    """Says why a file could not be scanned, and in which line if that is known."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


class Source(NamedTuple):
    """Holds a file's code: its text and lines as written, its tree, and the places in notebooks."""

    path: str
    text: str
    lines: list[str]
    tree: ast.Module
    places: list[tuple[int, int]] | None
    is_python2: bool

    def place(self, line: int) -> tuple[int | None, int]:
        """Returns the cell, None in a `.py` file, and the line in the cell."""
        if self.places is None or not 0 < line <= len(self.places):
            return None, line
        return self.places[line - 1]


def read(path: str, data: bytes | None = None) -> Source:
    """Reads and parses a `.py` file or a notebook.

    Args:
        path: the file.
        data: its bytes, if they are known.

    Raises:
        Unreadable: if the file cannot be read, decoded or parsed, or is too large.
    """
    data = data_of(path) if data is None else data
    if path.endswith(".ipynb"):
        return _notebook(path, data)
    text = _decoded(data)
    if len(text) > MOST_CODE:
        raise Unreadable(f"it has more than {MOST_CODE:,} characters")
    tree, is_python2 = parse(text)
    return Source(path, text, text.split("\n"), tree, None, is_python2)


def data_of(path: str) -> bytes:
    """Returns the bytes of a file.

    Raises:
        Unreadable: if it cannot be read, or is too large.
    """
    try:
        if not os.path.isfile(path):
            raise Unreadable("it is no file" if os.path.exists(path) else "it cannot be found")
        if os.path.getsize(path) > MOST_BYTES:
            raise Unreadable(f"it has more than {MOST_BYTES:,} bytes")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Unreadable(f"it cannot be read ({error.strerror or error})") from error


def _decoded(data: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise Unreadable(f"its encoding is wrong ({error})") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _notebook(path: str, data: bytes) -> Source:
    try:
        notebook = notebooks.read(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable(f"its encoding is wrong ({error})") from error
    except notebooks.NotebookError as error:
        raise Unreadable(str(error)) from error
    if len(notebook.source) > MOST_CODE:
        raise Unreadable(f"its code has more than {MOST_CODE:,} characters")
    lines = notebook.source.split("\n")
    try:
        tree, is_python2 = parse(notebook.source)
        return Source(path, notebook.source, lines, tree, notebook.places, is_python2)
    except Unreadable as error:
        if 0 < error.line <= len(notebook.places):
            cell, line = notebook.places[error.line - 1]
            raise Unreadable(f"cell {cell}, line {line}: {error.reason}") from error
        raise


def parse(text: str) -> tuple[ast.Module, bool]:
    """Parses Python 3, or Python 2 where it can be converted; returns the tree, and which it was.

    Raises:
        Unreadable: if neither succeeds.
    """
    try:
        return _parsed(text), False
    except SyntaxError as error:
        first = error
    except (RecursionError, MemoryError) as error:
        raise Unreadable("its code is nested too deeply") from error
    except ValueError as error:
        raise Unreadable(f"it is no text of Python ({error})") from error
    try:
        tree = _parsed(python2.converted(text))
        _place(tree, python2.Columns(text))
        return tree, True
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if "too many nested" in str(first):
            raise Unreadable("its code is nested too deeply", first.lineno or 0) from error
        reason = f"it is neither Python 3 nor Python 2 that can be converted ({first.msg})"
        raise Unreadable(reason, first.lineno or 0) from error


def _place(tree: ast.Module, columns: python2.Columns) -> None:
    """Gives the nodes of converted code the columns that the original has."""
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.stmt | ast.alias | ast.keyword | ast.arg):
            node.col_offset = columns.original(node.lineno, node.col_offset)
            if node.end_lineno is not None and node.end_col_offset is not None:
                node.end_col_offset = columns.original(node.end_lineno, node.end_col_offset)


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as "\d" in a string
        return ast.parse(text)
