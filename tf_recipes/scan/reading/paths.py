"""Lists the files to scan, and finds the local modules that a file imports."""

import functools
import os
from collections.abc import Iterable, Iterator

from tf_recipes.scan.terms.findings import Problem

SUFFIXES = (".py", ".ipynb")
_SKIPPED = ("__pycache__", "node_modules")


def listed(paths: Iterable[str]) -> tuple[list[tuple[str, str]], list[Problem]]:
    """Returns `(file, root)` of every file to scan, once each, and the problems of the search.

    Folders whose name begins with a dot and virtual environments are left out, unless they are
    named. A file that is named is scanned whatever its suffix is.

    Args:
        paths: files and folders.
    """
    found: dict[str, tuple[str, str]] = {}
    problems: list[Problem] = []
    for path in paths:
        if os.path.isdir(path):
            root = _without_packages(path)
            for file in _walk(path, (), problems):
                found.setdefault(real(file), (file, root))
        elif os.path.isfile(path):
            found.setdefault(real(path), (path, _root_of(path)))
        else:
            known = os.path.lexists(path)
            problems.append(
                Problem(path, "it is no file or folder" if known else "it is not there")
            )
    return list(found.values()), problems


def _root_of(path: str) -> str:
    """Returns the folder from which a file that is named imports modules.

    That is the working directory where the path begins there, as in a hook that names each file.
    """
    if not os.path.isabs(path) and os.pardir not in path.split(os.sep):
        return "."
    return _without_packages(os.path.dirname(path) or ".")


def _without_packages(folder: str) -> str:
    """Returns the folder that holds the outermost package which a folder belongs to."""
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        above = os.path.dirname(folder.rstrip(os.sep)) or "."
        if os.path.basename(folder.rstrip(os.sep)) in ("", os.curdir, os.pardir):
            break
        folder = above
    return folder


def _walk(folder: str, above: tuple[str, ...], problems: list[Problem]) -> Iterator[str]:
    real = os.path.realpath(folder)
    if real in above:
        problems.append(Problem(folder, "it is a link to a folder that holds it"))
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        problems.append(Problem(folder, f"it cannot be read ({error.strerror or error})"))
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in _SKIPPED:
            continue
        if os.path.isdir(entry.path):
            if not os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):
                yield from _walk(entry.path, (*above, real), problems)
        elif entry.name.endswith(SUFFIXES):
            if os.path.isfile(entry.path):
                yield entry.path
            else:
                is_link = entry.is_symlink() and not os.path.exists(entry.path)
                why = "it is a link that leads nowhere" if is_link else "it is no file"
                problems.append(Problem(entry.path, why))


def locate(file: str, root: str, module: str, level: int) -> str | None:
    """Returns `@` and the path of a local module that a file imports; None if there is none.

    Args:
        file: the file with the import.
        root: the folder of the scan, above which only relative imports lead.
        module: the module's name, maybe empty.
        level: the number of dots before it.
    """
    return _located(os.path.dirname(file), root, module, level)


@functools.cache
def real(path: str) -> str:
    """Returns the path without links; it is looked up once."""
    return os.path.realpath(path)


def forget() -> None:
    """Forgets which files there are; a new scan begins with this."""
    _located.cache_clear()
    _is_file.cache_clear()
    real.cache_clear()


@functools.cache
def _located(folder: str, root: str, module: str, level: int) -> str | None:
    parts = [part for part in module.split(".") if part]
    if level:
        for _ in range(level - 1):
            folder = os.path.join(folder, os.pardir)
        return _module(os.path.normpath(folder or "."), parts)
    for _ in range(50):
        found = _module(folder or ".", parts)
        if found is not None or os.path.normpath(folder or ".") == os.path.normpath(root):
            return found
        if folder in ("", os.sep):
            return None
        folder = os.path.dirname(folder)
    return None


@functools.cache
def _is_file(path: str) -> bool:
    return os.path.isfile(path)


def _module(folder: str, parts: list[str]) -> str | None:
    path = os.path.normpath(os.path.join(folder, *parts))
    for each in (f"{path}.py", os.path.join(path, "__init__.py")):
        if parts and _is_file(each):
            return f"@{real(each)}"
    package = os.path.join(path, "__init__.py")
    return f"@{real(package)}" if not parts and _is_file(package) else None
