"""The directory that is trained in: writable, roomy enough, and used by one process at a time."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import tempfile

from tf_recipes.training import checkpoints

LOCK = "lock"
PARTIAL = ".partial-"


def writable(output_dir):
    """The directory as a path, made if need be; `OSError` if nothing can be written there."""
    path = pathlib.Path(output_dir)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"probe")
            file.flush()
            return path
    except OSError as error:
        raise OSError(
            f"The output directory must be writable. Received: output_dir={str(output_dir)!r} "
            f"({error.strerror}). Name another with --output_dir."
        ) from error


@contextlib.contextmanager
def alone(output_dir):
    """The directory as a path, for this process alone, rid of what a killed one left half-written.

    Raises:
        OSError: if nothing can be written there, or another process is training there.
    """
    path = writable(output_dir)
    folder = writable(path / checkpoints.FOLDER)
    with open(folder / LOCK, "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, however
        except BlockingIOError as error:
            raise OSError(
                "One process at a time may train in a directory. "
                f"Received: output_dir={str(output_dir)!r}, in use by another. "
                "Wait for it, or name another --output_dir."
            ) from error
        _sweep(path, folder)
        yield path


def room(path, needed):
    """Checks before training that `needed` bytes are free.

    Raises:
        OSError: if they are not.
    """
    free = shutil.disk_usage(path).free
    if free < needed:
        raise OSError(
            f"Training must have room for its checkpoints and its model, {_mb(needed)}. Received: "
            f"{_mb(free)} free in {str(path)!r}. Make room, or name another --output_dir."
        )


def _sweep(path, folder):
    """Removes what a process wrote beside its place when it was killed."""
    for partial in folder.glob(".step-*.partial"):
        partial.unlink()
    for partial in path.glob(f"{PARTIAL}*"):
        shutil.rmtree(partial) if partial.is_dir() else os.unlink(partial)


def _mb(count):
    return f"{count / 1e6:,.1f} MB"
