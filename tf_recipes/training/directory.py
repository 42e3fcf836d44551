"""Checks the output directory, and locks it so that only one process at a time trains in it."""

import contextlib
import fcntl
import os
import pathlib
import shutil
from collections.abc import Iterator

from tf_recipes._support import files
from tf_recipes.training import checkpoints

LOCK = "lock"
PARTIAL = ".partial-"
PathLike = str | os.PathLike[str]


def writable(output_dir: PathLike) -> pathlib.Path:
    """Returns the directory as a path, creates it if necessary, and checks that it takes files.

    Raises:
        OSError: if the directory cannot be created, or no file can be written to it.
    """
    path = pathlib.Path(output_dir)
    try:
        path.mkdir(parents=True, exist_ok=True)
        reason = files.why_no_file(path)
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise OSError(
            f"The output directory must be writable. Received: output_dir={str(output_dir)!r} "
            f"({reason}). Pass another directory, output_dir='DIR'."
        )
    return path


def check_possible(output_dir: PathLike) -> None:
    """Checks that the directory can be created, or takes files; creates nothing.

    Raises:
        OSError: if a file is in its place, or in that of a folder above it, or if that folder
            takes no files.
    """
    there = files.nearest(output_dir)
    reason = f": {files.why_no_file(there)}" if there.is_dir() else " is no directory"
    if reason != ": ":
        raise OSError(
            f"The output directory must be writable. Received: output_dir={str(output_dir)!r} "
            f"({there}{reason}). Pass another directory, output_dir='DIR'."
        )


@contextlib.contextmanager
def locked(output_dir: PathLike) -> Iterator[pathlib.Path]:
    """Locks the directory for this process and removes files that a killed process left unfinished.

    The context is the directory as a path.

    Raises:
        OSError: if no file can be written to the directory, or another process trains in it.
    """
    path = writable(output_dir)
    folder = writable(path / checkpoints.FOLDER)
    ours = (folder / LOCK).exists()
    with open(folder / LOCK, "a") as lock:
        try:
            # The operating system releases the lock when the process ends, even if it is killed.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(
                "Only one process at a time may train in a directory. "
                f"Received: output_dir={str(output_dir)!r}, in use by another process. "
                "Wait until that process ends, or pass another directory, output_dir='DIR'."
            ) from error
        if ours:
            _remove_partial_files(path, folder)
        yield path


def check_free_space(path: pathlib.Path, needed: int) -> None:
    """Checks that `needed` bytes are free on the disk of `path`.

    Raises:
        OSError: if fewer bytes are free.
    """
    free = shutil.disk_usage(path).free
    if free < needed:
        raise OSError(
            "The disk must have space for the checkpoints and the model, "
            f"{_megabytes(needed)}. Received: {_megabytes(free)} free in {str(path)!r}. "
            "Free some space, or pass a directory on another disk, output_dir='DIR'."
        )


def _remove_partial_files(path: pathlib.Path, folder: pathlib.Path) -> None:
    """Removes the unfinished files of a process that was killed while it wrote them."""
    for partial in folder.glob(".step-*.partial"):
        partial.unlink()
    for partial in path.glob(f"{PARTIAL}*"):
        shutil.rmtree(partial) if partial.is_dir() else os.unlink(partial)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
