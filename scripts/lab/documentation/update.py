"""What `scripts/update_docs.py` does: every generated part of the README and of docs/, anew."""

import itertools
import json
from pathlib import Path

from tf_recipes._support import files, validation
from tf_recipes._support.quiet_tensorflow import import_tensorflow, quiet

CLONE = Path(__file__).parents[3]


def run(folder=None, check=False):
    """Writes what is out of date, names it, and returns the exit status.

    Args:
        folder: the clone of the repository; None for the one that this file is in.
        check: whether to write nothing, and to return 1 where something is out of date.

    Raises:
        ValueError: for a folder without the documentation, or a marker that asks for what is not
            there.
    """
    import_tensorflow()
    with quiet():
        contents = generated(Path(folder or CLONE))
    stale = {path: text for path, text in contents.items() if _read(path) != text}
    for path, text in stale.items():
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            with files.replacing(path) as partial:
                partial.write_text(text)
        print(f"{path}: {'out of date' if check else 'updated'}")
    print(f"{len(contents) - len(stale)} of {len(contents)} files were up to date.")
    return int(check and bool(stale))


def generated(clone):
    """`{path: text}` of every file that has generated parts; a plot is drawn if its data changed.

    Args:
        clone: the folder of the repository.
    """
    from lab.documentation import chapter_figures, markers, tables
    from lab.documentation.measured import FIGURES, PLOTS, Measured, file_name

    docs = clone / "docs"
    measured = Measured(_check(docs / "check.json"))
    contents = {}
    for page in [clone / "README.md", *sorted(docs.rglob("*.md"))]:
        try:
            markers.check(page.read_text())
            text = measured.fill(page.read_text(), page, docs)
            contents[page] = tables.fill(chapter_figures.fill(text, docs / "measured"))
        except ValueError as error:
            raise ValueError(f"{page}: {error}") from error
    for name, kind in itertools.product(measured.plotted(contents.values()), PLOTS):
        path = docs / FIGURES / file_name(name, kind)
        drawn = _read(path)
        known = drawn is not None and measured.drew(name, drawn)
        contents[path] = drawn if known else measured.svg(name, kind)
    return contents


def _check(path):
    """The check's document, if it is one."""
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        found = None
    except ValueError as error:
        found = error
    if not isinstance(found, dict) or "traces" not in found:
        received = f"no {path}" if found is None else f"{path}, which holds something else"
        validation.fail(
            "The documentation is made from the check's results.",
            received,
            f"Run python scripts/check_migration.py --json_out={path}.",
        )
    return found


def _read(path):
    return path.read_text() if path.is_file() else None
