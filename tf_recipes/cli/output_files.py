"""Checks before the work that the files named by flags can be written, and writes them at its end.

Until all files are whole, the older ones stay as they are.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tf_recipes._support import files
from tf_recipes.cli.application import UsageError


def check_output_file(flag: str, path: str, make_folder: bool = False) -> None:
    """Checks that the file named by a flag can be written; writes nothing.

    Args:
        flag: name of the flag, without the dashes.
        path: value of the flag.
        make_folder: whether to create the file's folder if it is missing.

    Raises:
        UsageError: if `path` is empty or a directory, or its folder cannot be written to.
    """
    if not path or Path(path).is_dir():
        raise UsageError(
            f"--{flag} must name a file. Received: {path!r}. Pass a file, such as out/{flag}."
        )
    if Path(path).exists() and not Path(path).is_file():
        return  # a device, such as /dev/null, is written in place
    if make_folder:
        _make(flag, path, Path(path).parent)
    for folder in (Path(path).parent, Path(os.path.realpath(path)).parent):  # a link's target, too
        reason = files.why_no_file(folder)
        if reason:
            raise UsageError(
                f"--{flag}: {str(folder)!r} is no directory that can be written to. Received: "
                f"{path!r} ({reason}). Make the directory, or pass a file in another one."
            )


def check_output_directory(flag: str, path: str, make: bool = True) -> None:
    """Checks that the directory named by a flag can be written to, and creates it if necessary.

    Args:
        flag: name of the flag, without the dashes.
        path: value of the flag.
        make: False to check the nearest directory above it instead, and to create nothing.

    Raises:
        UsageError: if `path` is empty, or no directory that can be written to.
    """
    if path and make:
        _make(flag, path, Path(path))
    there = files.nearest(path)
    if path and not there.is_dir():
        raise _not_made(flag, path, Path(path), "Not a directory")
    reason = files.why_no_file(there) if path else "no name"
    if reason:
        raise UsageError(
            f"--{flag} must name a directory that can be written to. Received: {path!r} "
            f"({reason}). Pass another one, such as out/{flag}."
        )


class Outputs:
    """Writes files beside their places; `together` moves all of them there at the end."""

    def __init__(self, written: ExitStack) -> None:
        self._written = written

    def write(self, path: str | os.PathLike[str], write: Callable[[Path], object]) -> None:
        """Writes one file; a device, such as /dev/null, is written in place.

        Args:
            path: the file.
            write: writes to the path that it is called with.

        Raises:
            OSError: naming `path`, if the file cannot be written; the other files are still moved.
        """
        with ExitStack() as stack:
            try:
                write(stack.enter_context(files.replacing(path)))
            except OSError as error:
                text = error.strerror or str(error)
                raise OSError(error.errno, text, os.fspath(path)) from error
            self._written.push(stack.pop_all())

    def write_into(self, folder: str | os.PathLike[str], write: Callable[[Path], object]) -> None:
        """Writes several files, which are to be moved to one folder.

        Args:
            folder: an existing directory.
            write: writes to the directory that it is called with.

        Raises:
            OSError: if a file cannot be written; then none of them is moved.
        """
        with ExitStack() as stack:
            partial = stack.enter_context(
                tempfile.TemporaryDirectory(dir=folder, prefix=".partial-")
            )
            write(Path(partial))
            stack.enter_context(_moving(Path(partial), Path(folder)))
            self._written.push(stack.pop_all())


@contextmanager
def together() -> Iterator[Outputs]:
    """Yields an `Outputs`, whose files come into their places when the block ends without an error.

    After an error or Ctrl-C, older files are as they were, and nothing lies beside them.
    """
    with ExitStack() as written:
        yield Outputs(written)


@contextmanager
def _moving(partial: Path, folder: Path) -> Iterator[None]:
    yield
    for path in sorted(partial.iterdir()):
        os.replace(path, folder / path.name)


def _make(flag: str, path: str, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_made(flag, path, folder, error.strerror) from error


def _not_made(flag: str, path: str, folder: Path, reason: str | None) -> UsageError:
    return UsageError(
        f"--{flag} needs the folder {str(folder)!r}, which cannot be made. Received: {path!r} "
        f"({reason}). Pass another path."
    )
