"""Writes the files of a conversion: the whole folder, or nothing."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tf_recipes._support import files, validation

if TYPE_CHECKING:
    import keras

MODEL, CODE, DOCUMENT, PAGE = "model.keras", "model.py", "conversion.json", "conversion.html"
FILES = (MODEL, CODE, DOCUMENT, PAGE)
_OF_PYTHON = "__pycache__"  # Python makes it where a program imports the code


def check(folder: str | os.PathLike[str], overwrite: bool) -> None:
    """Checks that a folder can take a conversion; writes nothing.

    Raises:
        ValueError: if the folder holds something, and may not be replaced, or cannot be made.
    """
    path = Path(os.path.abspath(folder))
    remedy = "Pass a new folder, or overwrite=True to replace the files of a conversion."
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        validation.fail(
            "The folder of a conversion must be a folder, and no link to one.",
            f"output_dir={str(folder)!r}",
            "Pass a new folder.",
        )
    there = sorted(each.name for each in path.iterdir()) if path.exists() else []
    foreign = [name for name in there if name not in (*FILES, _OF_PYTHON)]
    if foreign or (there and not overwrite):
        validation.fail(
            "The folder of a conversion must be new or empty.",
            f"output_dir={str(folder)!r} with {', '.join(map(repr, (foreign or there)[:4]))}",
            remedy if not foreign else "Pass a new folder.",
        )
    above = files.nearest(path.parent)
    reason = files.why_no_file(above)
    if reason:
        validation.fail(
            "The folder of a conversion must be writable.",
            f"output_dir={str(folder)!r}, below {str(above)!r} ({reason})",
            "Pass a folder in another place.",
        )


def write(
    folder: str | os.PathLike[str],
    model: keras.Model,
    source: str | None,
    document: Mapping[str, Any],
    page: str | None = None,
    overwrite: bool = False,
) -> None:
    """Writes the files beside the folder, and gives them their names when all are whole.

    Args:
        folder: the folder, as `check` accepts it.
        model: the model.
        source: the text of the code; None for a model of the person's own.
        document: the results.
        page: the text of the page; None leaves the page out.
        overwrite: True to replace the files of an earlier conversion.

    Raises:
        OSError: if a file cannot be written; then the folder is as before.
    """
    path = Path(os.path.abspath(folder))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{path.name[:60]}-", dir=path.parent))
    except OSError as error:
        raise _not_written(folder, error) from error
    try:
        _save(model, partial / MODEL)
        text = json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
        for name, content in ((CODE, source), (DOCUMENT, text), (PAGE, page)):
            if content is not None:
                (partial / name).write_text(content, encoding="utf-8", newline="\n")
        partial.chmod(0o777 & ~umask())
        check(path, overwrite)
        if path.exists() and any(path.iterdir()):
            old = partial.with_name(f"{partial.name}.old")
            os.replace(path, old)
            try:
                os.replace(partial, path)
            except BaseException:  # Ctrl-C, too
                os.replace(old, path)
                raise
            shutil.rmtree(old)
        else:
            os.replace(partial, path)
    except OSError as error:
        raise _not_written(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _not_written(folder: str | os.PathLike[str], error: OSError) -> OSError:
    """Returns the error of files that cannot be written."""
    return OSError(
        "The files of a conversion must find space in their folder. Received: "
        f"output_dir={str(folder)!r} ({error.strerror or error}). Free some space there, or pass a "
        "folder in another place."
    )


def _save(model: keras.Model, path: Path) -> None:
    """Saves a model to a `.keras` file; its weights are never in memory a second time.

    `model.save` of a file writes the weights to memory first, but those of a folder to a file. The
    `.keras` file is the archive of that folder.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".saved-") as folder:
        model.save(folder, zipped=False)
        with zipfile.ZipFile(path, "w") as archive:
            for each in sorted(Path(folder).rglob("*")):
                if each.is_file():
                    archive.write(each, each.relative_to(folder))


def listed(folder: str | os.PathLike[str]) -> str:
    """Returns the names of the files in a folder, and what the missing page needs, in one line."""
    names = [name for name in FILES if Path(folder, name).exists()]
    if PAGE not in names:
        names.append(f"no {PAGE}, which python -m pip install 'tf_recipes[html]' adds")
    return f"{os.fspath(folder)}: {', '.join(names)}"


def umask() -> int:
    """Returns the bits of permissions that new files lack."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
