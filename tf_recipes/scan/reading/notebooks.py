"""Reads the Python code of a Jupyter notebook as one source, and knows the cell of each line."""

import json
from typing import NamedTuple

from tf_recipes.scan.reading import lexer

# With these the cell is still Python; other cell magics are other languages.
_PYTHON_CELLS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%python", "%%snakeviz")


class Notebook(NamedTuple):
    """Holds the code of a notebook, and for each of its lines `(cell, line in the cell)`."""

    source: str
    places: list[tuple[int, int]]


class NotebookError(ValueError):
    """Says why a file is no notebook."""


def read(text: str) -> Notebook:
    """Returns the code of the notebook's cells, with the magics taken out.

    A cell's number counts all cells, also those of text, from 1.

    Raises:
        NotebookError: if the text is not a notebook's.
    """
    try:
        content = json.loads(text)
        codes = [code_of(cell) for cell in cells(content)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotebookError(f"it is not a notebook ({type(error).__name__}: {error})") from error
    if not is_python(content):
        return Notebook("", [])
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    for number, code in enumerate(codes, 1):
        if code is not None:
            of_cell = without_magics(code).split("\n")
            lines += of_cell
            places += [(number, line) for line in range(1, len(of_cell) + 1)]
    return Notebook("\n".join(lines), places)


def cells(content: dict) -> list[dict]:
    """Returns the cells of a notebook's JSON, of the older format as well."""
    sheets = content.get("worksheets")
    return content["cells"] if sheets is None else [c for s in sheets for c in s["cells"]]


def code_of(cell: dict) -> str | None:
    """Returns the code of a cell; None for a cell of text."""
    if cell["cell_type"] != "code":
        return None
    source = cell.get("source", cell.get("input", ""))
    return source if isinstance(source, str) else "".join(source)


def is_python(content: dict) -> bool:
    """Returns whether a notebook's JSON says that it is Python, or does not say."""
    data = content.get("metadata") or {}
    kernel = (data.get("kernelspec") or {}).get("language")
    language = str(kernel or (data.get("language_info") or {}).get("name") or "python")
    return language.lower() == "python"


def without_magics(code: str) -> str:
    """Returns a cell's code with `pass` for each magic, shell command and question.

    >>> without_magics("%matplotlib inline\\nif x:\\n    !ls\\ny = !pwd")
    'pass\\nif x:\\n    pass\\ny = None'
    """
    if _is_foreign(code):
        return "\n".join("" for _ in code.split("\n"))
    for position, end, text in _magics(code):
        code = code[:position] + text + code[end:]
    return code


def masked(code: str) -> tuple[str, dict[str, str]]:
    """Returns a cell's code with a name for each magic, and `{name: magic}`.

    A cell in another language becomes one name.

    >>> masked("%matplotlib inline\\ny = !pwd")
    ('magic_1_of_this_cell\\ny = magic_0_of_this_cell', {'magic_0_of_this_cell': '!pwd', ...})
    """
    places = [(0, len(code), "")] if _is_foreign(code) else _magics(code)
    found = {}
    for number, (position, end, _) in enumerate(places):
        name = f"magic_{number}_of_this_cell"
        found[name] = code[position:end]
        code = code[:position] + name + code[end:]
    return code, found


def _is_foreign(code: str) -> bool:
    first = code.lstrip().partition("\n")[0]
    return first.startswith("%%") and not first.startswith(_PYTHON_CELLS)


def _magics(code: str) -> list[tuple[int, int, str]]:
    """Returns `(start, end, Python in its place)` of each magic of a cell, the last one first."""
    changes = []
    for statement in lexer.statements(code):
        start, last = statement[0], statement[-1]
        if start.text in ("%", "!", "?") or last.text == "?":
            changes.append((start.start, "pass"))
        elif len(statement) > 2 and statement[1].text == "=" and statement[2].text in ("%", "!"):
            changes.append((statement[2].start, "None"))
    made = []
    for position, text in sorted(changes, reverse=True):
        end = code.find("\n", position)
        made.append((position, end if end >= 0 else len(code), text))
    return made
