"""Keeps the findings of unchanged files in the user's cache.

A result is known by the content of its file, by the rules and tables of the package, and by the
codes. It holds only while the imports of the file lead to the same local modules, which export the
same names.
"""

import functools
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import tf_recipes.knowledge
from tf_recipes._support import files
from tf_recipes.scan.terms.findings import Finding

# a module's name, the dots before it, and the local module that was found
Answer = tuple[str, int, str | None]


class Kept(NamedTuple):
    """Holds a result: the number of lines, the findings, and what the file's names stand for.

    `answers` are the local modules that the file imports. The findings hold while none of these
    gives a name in `asked` a meaning, and the exports while none gives one in `exports_asked`.
    """

    lines: int
    findings: list[Finding]
    exports: Mapping[str, tuple[str, ...]]
    answers: list[Answer]
    asked: list[tuple[str, str]]
    exports_asked: list[tuple[str, str]]


class Store:
    """Holds the folder of the results.

    Args:
        folder: the folder, which is made at the first result.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, path: str, data: bytes, beside: str = "") -> Kept | None:
        """Returns the result of a file with this content; None if there is none.

        Args:
            path: the file.
            data: its content.
            beside: what the result depends on besides.
        """
        try:
            content = json.loads(self._place(path, data, beside).read_text(encoding="utf-8"))
            findings = [Finding(path, *each) for each in content["findings"]]
            answers = [(str(name), int(level), each) for name, level, each in content["answers"]]
            exports = {name: tuple(each) for name, each in content["exports"].items()}
            asked, of_exports = (
                [(str(module), str(name)) for module, name in content[key]]
                for key in ("asked", "exports_asked")
            )
            return Kept(int(content["lines"]), findings, exports, answers, asked, of_exports)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, path: str, data: bytes, kept: Kept, beside: str = "") -> None:
        """Writes a result; a folder that cannot be written to is left alone."""
        place = self._place(path, data, beside)
        content: dict[str, object] = {
            "lines": kept.lines,
            "findings": [list(each[1:]) for each in kept.findings],
            "exports": kept.exports,
            "answers": kept.answers,
            "asked": kept.asked,
            "exports_asked": kept.exports_asked,
        }
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with files.replacing(place) as partial:
                partial.write_text(json.dumps(content), encoding="utf-8")
        except (OSError, UnicodeEncodeError):
            return

    def _place(self, path: str, data: bytes, beside: str) -> Path:
        kind = b"notebook" if path.endswith(".ipynb") else b"python"
        name = hashlib.sha256(kind + beside.encode() + b"\0" + data).hexdigest()
        return self._folder / name[:2] / f"{name[2:]}.json"


def opened(codes: Iterable[str]) -> Store | None:
    """Returns the results for these codes; None if the user has no cache."""
    key = hashlib.sha256(" ".join([_version(), *sorted(codes)]).encode()).hexdigest()[:16]
    try:
        return Store(files.user_cache() / "scan" / key)
    except RuntimeError:
        return None


@functools.cache
def _version() -> str:
    """Returns a text that changes with every rule and every table."""
    root = os.path.dirname(tf_recipes.knowledge.__path__[0])
    found = hashlib.sha256()
    for folder in ("scan", "knowledge"):
        for path in sorted(Path(root, folder).rglob("*")):
            if path.suffix in (".py", ".tsv", ".json"):
                found.update(path.read_bytes())
    return found.hexdigest()
