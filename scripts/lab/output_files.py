"""Checks before the work that an output file can be written."""

import os
from pathlib import Path

from tf_recipes.cli.application import UsageError


def check_output_file(flag, path, make_folder=False):
    """Checks that the file named by a flag can be written. Writes nothing.

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
    folder = Path(path).parent
    if make_folder:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"--{flag} must name a file in a folder that can be made. Received: {path!r} "
                f"({error.strerror}). Pass a file in another folder."
            ) from error
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(
            f"--{flag}: {str(folder)!r} is no directory that can be written to. Received: "
            f"{path!r}. Make the directory, or pass a file in another one."
        )
