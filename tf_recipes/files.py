"""Files that are written whole or not at all."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path


@contextlib.contextmanager
def replacing(path):
    """A path to write to; it takes the place of `path` once the block ends without an error.

    Raises:
        OSError: if the directory cannot be written to, or the disk is full; then `path` is as it
            was.
    """
    path = Path(os.path.realpath(path))  # a link stays, and what it points to is replaced
    if path.exists() and not path.is_file():  # a device, such as /dev/null
        yield path
        return
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        if error.filename:
            raise
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        partial.unlink(missing_ok=True)


def write_together(folder, contents):
    """Writes several files: all of them, or none.

    They are finished beside their places and renamed in their order, so that the last one vouches
    for those before it.

    Args:
        folder: a directory that is there.
        contents: `{name: bytes}`.

    Raises:
        OSError: if one cannot be written; then all are as they were.
    """
    folder = Path(os.path.realpath(folder))
    try:
        for name in contents:
            if (folder / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, "a directory is in the way", name)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as partial:
            for name, content in contents.items():
                Path(partial, name).write_bytes(content)
            for name in contents:
                os.replace(Path(partial, name), folder / name)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(folder)) from error
