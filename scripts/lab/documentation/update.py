"""Updates every generated part of the README and of docs/ for `scripts/update_docs.py`."""

import itertools
import json
import os
from pathlib import Path

from tf_recipes._support import files, validation
from tf_recipes._support.quiet_tensorflow import import_tensorflow, quiet

CLONE = Path(__file__).parents[3]


def run(folder=None, check=False):
    """Writes each file that is out of date, prints its name, and returns the exit status.

    Args:
        folder: the clone of the repository; None for the clone that holds this file.
        check: whether to write nothing, and to return 1 if a file is out of date.

    Raises:
        ValueError: for a folder without the documentation, or a marker that names something
            unknown.
    """
    clone = Path(folder or CLONE)
    if not check:
        _check_writable(clone)
    with quiet():
        contents = generated(clone)
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
    """Generates `{path: text}` of every file with generated parts.

    A plot is drawn again only if its data changed. TensorFlow is imported only if a page has a
    table that is read from Keras, and after every marker has been checked.

    Args:
        clone: the folder of the repository.
    """
    from lab.documentation import chapter_figures, markers, tables
    from lab.documentation.measured import FIGURES, PLOTS, Measured, file_name

    docs = clone / "docs"
    measured = Measured(_check_results(docs / "check.json"))
    contents = {}
    for page in [clone / "README.md", *sorted(docs.rglob("*.md"))]:
        try:
            markers.check(page.read_text())
            text = measured.fill(page.read_text(), page, docs)
            contents[page] = chapter_figures.fill(text, docs / "measured" / "chapters")
            tables.check(text)
        except ValueError as error:
            raise ValueError(f"{page}: {error}") from error
    if any(markers.words(text, "generated") for text in contents.values()):
        import_tensorflow()
        contents = {page: tables.fill(text) for page, text in contents.items()}
    for name, kind in itertools.product(measured.plotted(contents.values()), PLOTS):
        path = docs / FIGURES / file_name(name, kind)
        drawn = _read(path)
        up_to_date = drawn is not None and measured.drew(name, drawn)
        contents[path] = drawn if up_to_date else measured.svg(name, kind)
    return contents


def _check_writable(clone):
    """Checks that the folders of the README and of the pages can be written to."""
    for place in [clone, *clone.glob("docs/**/")]:
        if place.is_dir() and not os.access(place, os.W_OK):
            raise PermissionError(
                f"The folder of the pages must be writable. Received: {str(place)!r}. "
                "Make it writable, or pass the folder of another clone."
            )


def _check_results(path):
    """Reads the check's results, and refuses a file with other content."""
    try:
        results = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        results = None
    except ValueError as error:
        results = error
    if not isinstance(results, dict) or "traces" not in results:
        missing, other = f"no {path}", f"{path}, which holds something else"
        validation.fail(
            "The documentation is made from the check's results.",
            missing if results is None else other,
            f"Run python scripts/check_migration.py --json_out={path}.",
        )
    return results


def _read(path):
    """Reads the text of a file; returns None if there is no file."""
    return path.read_text() if path.is_file() else None
