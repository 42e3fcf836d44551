"""Files that are written whole or not at all."""

import contextlib
import errno
import hashlib
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
    device = path.exists() and not path.is_file()  # such as /dev/null
    partial = path if device else _beside(path)
    try:
        yield partial
        if not device:
            os.replace(partial, path)
    except OSError as error:
        if error.filename:
            raise
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        if not device:
            partial.unlink(missing_ok=True)


def _beside(path):
    """A hidden name of the same ending, short however long the file's is: 255 bytes is the most."""
    digits = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]
    ending = cut(path.suffix, 20)
    return path.with_name(f".{cut(path.stem, 60)}-{digits}.{os.getpid()}.partial{ending}")


def cut(text, most):
    """The beginning of a text, at most `most` bytes of UTF-8; what UTF-8 has not is left out."""
    return text.encode("utf-8", "ignore")[:most].decode("utf-8", "ignore")


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
