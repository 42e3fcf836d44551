"""Checks before the work that the files and directories named by flags can be written."""

import os
from pathlib import Path

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
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise UsageError(
                f"--{flag}: {str(folder)!r} is no directory that can be written to. Received: "
                f"{path!r}. Make the directory, or pass a file in another one."
            )


def check_output_directory(flag: str, path: str) -> None:
    """Checks that the directory named by a flag can be written to, and creates it if necessary.

    Args:
        flag: name of the flag, without the dashes.
        path: value of the flag.

    Raises:
        UsageError: if `path` is empty, or no directory that can be written to.
    """
    if path:
        _make(flag, path, Path(path))
    if not path or not os.access(path, os.W_OK):
        raise UsageError(
            f"--{flag} must name a directory that can be written to. Received: {path!r}. "
            f"Pass another one, such as out/{flag}."
        )


def _make(flag: str, path: str, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--{flag} needs the folder {str(folder)!r}, which cannot be made. Received: {path!r} "
            f"({error.strerror}). Pass another path."
        ) from error
