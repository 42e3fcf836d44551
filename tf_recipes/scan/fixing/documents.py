"""Reads a file as parts of Python that can be rewritten, and writes it with new parts."""

import io
import json
import tokenize
from typing import NamedTuple

from tf_recipes._support import files
from tf_recipes.scan.reading import notebooks
from tf_recipes.scan.reading.source import MOST_CODE, Unreadable, data_of
from tf_recipes.scan.terms.tf1_calls import CannotFix


class Document(NamedTuple):
    """Holds a file: its parts, which are the cells of a notebook or the one part of a `.py` file.

    `masks` are the magics of each part, by the names that stand for them. `numbers` are those of
    the cells, and `content` is the notebook itself.
    """

    path: str
    parts: list[str]
    encoding: str
    newline: str
    masks: list[dict[str, str]]
    numbers: list[int]
    content: dict | None
    text: str


def read(path: str) -> Document:
    """Reads a `.py` file or a notebook.

    Raises:
        Unreadable: if it cannot be read or decoded.
        CannotFix: if its line ends are mixed.
    """
    data = data_of(path)
    if path.endswith(".ipynb"):
        return _notebook(path, data)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise Unreadable(f"its encoding is wrong ({error})") from error
    if len(text) > MOST_CODE:
        raise Unreadable(f"it has more than {MOST_CODE:,} characters")
    newline = "\r\n" if "\r\n" in text else "\n"
    plain = text.replace("\r\n", "\n")
    if "\r" in plain or plain.replace("\n", newline) != text:
        raise CannotFix("its line ends are mixed")
    return Document(path, [plain], encoding, newline, [{}], [0], None, text)


def _notebook(path: str, data: bytes) -> Document:
    try:
        text = data.decode("utf-8")
        notebooks.read(text)
        content = json.loads(text)
    except (UnicodeDecodeError, notebooks.NotebookError, ValueError) as error:
        raise Unreadable(str(error)) from error
    parts, masks, numbers = [], [], []
    if notebooks.is_python(content):
        for number, cell in enumerate(notebooks.cells(content)):
            code = notebooks.code_of(cell)
            if code is not None:
                masked, found = notebooks.masked(code)
                parts.append(masked)
                masks.append(found)
                numbers.append(number)
    return Document(path, parts, "utf-8", "\n", masks, numbers, content, text)


def rewritten(document: Document, parts: list[str]) -> str:
    """Returns the text of the whole file with new parts."""
    unmasked = []
    for part, masks in zip(parts, document.masks, strict=True):
        text = part
        for mask, original in masks.items():
            text = text.replace(mask, original)
        unmasked.append(text)
    if document.content is None:
        return unmasked[0].replace("\n", document.newline)
    content = json.loads(document.text)
    cells = notebooks.cells(content)
    for number, old, new in zip(document.numbers, document.parts, unmasked, strict=True):
        key = "source" if "source" in cells[number] else "input"
        if notebooks.masked(notebooks.code_of(cells[number]) or "")[0] == old == new:
            continue
        listed = isinstance(cells[number][key], list)
        cells[number][key] = new.splitlines(keepends=True) if listed else new
    ascii_only = document.text.isascii()
    indent = _indent(document.text)
    made = json.dumps(content, indent=indent, ensure_ascii=ascii_only)
    return made + ("\n" if document.text.endswith("\n") else "")


def _indent(text: str) -> int | str | None:
    """Returns the indentation of a notebook's JSON."""
    second = text.partition("\n")[2]
    spaces = second[: len(second) - len(second.lstrip(" \t"))]
    if not spaces:
        return None if "\n" not in text.strip() else 0
    return spaces if "\t" in spaces else len(spaces)


def write(document: Document, text: str) -> None:
    """Writes the file, completely or not at all, with its mode."""
    import os
    import shutil

    with files.replacing(document.path) as partial:
        partial.write_bytes(text.encode(document.encoding))
        if os.path.isfile(document.path):
            shutil.copymode(document.path, partial)
