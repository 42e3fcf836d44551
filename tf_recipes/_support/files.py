"""Writes files completely or not at all."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a path to write to, and renames it to `path` when the block ends without an error.

    The target of a symbolic link is replaced, and the link stays. For a device such as /dev/null,
    the yielded path is the device itself.

    Args:
        path: str or `os.PathLike`.

    Raises:
        OSError: if the directory cannot be written to, or the disk is full; then `path` is
            unchanged.
    """
    path = Path(os.path.realpath(path))
    device = path.exists() and not path.is_file()
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


def _beside(path: Path) -> Path:
    """Returns a hidden path in the directory of `path`, with the same suffix.

    A file's name may have at most 255 bytes, so the parts of a long name are cut.
    """
    digits = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]
    suffix = cut(path.suffix, 20)
    return path.with_name(f".{cut(path.stem, 60)}-{digits}.{os.getpid()}.partial{suffix}")


def user_cache() -> Path:
    """Returns the folder in the user's cache for the files of this package.

    Raises:
        RuntimeError: if the user has no home.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "tf_recipes"


def cut(text: str, limit: int) -> str:
    """Returns the beginning of `text` that takes at most `limit` bytes in UTF-8.

    Characters that UTF-8 cannot encode are left out.
    """
    return text.encode("utf-8", "ignore")[:limit].decode("utf-8", "ignore")


def nearest(path: str | os.PathLike[str]) -> Path:
    """Returns the path itself if it exists, or the nearest one above it that does."""
    whole = Path(os.path.abspath(path))
    return next(each for each in (whole, *whole.parents) if os.path.lexists(each))


def why_no_file(folder: str | os.PathLike[str]) -> str:
    """Returns why a folder takes no new file, as the system says it; an empty text if it takes one.

    Permissions alone do not tell: /proc takes no file of anybody. What is tried leaves nothing.

    Args:
        folder: an existing directory.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"probe")
            file.flush()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def check_targets(folder: str | os.PathLike[str], names: Iterable[str]) -> None:
    """Checks that no directory is where files will be written; writes nothing.

    Args:
        folder: the directory of the files.
        names: the files' names.

    Raises:
        IsADirectoryError: if a directory has the name of a file.
    """
    for name in names:
        if Path(folder, name).is_dir():
            raise IsADirectoryError(
                f"A file must be able to take its place. Received: {str(Path(folder, name))!r}, "
                "which is a directory. Move that directory, or write to another one."
            )


def write_together(folder: str | os.PathLike[str], contents: Mapping[str, bytes]) -> None:
    """Writes several files, either all of them or none.

    The files are written to a temporary directory first, and then renamed in the given order. So
    the last file is in place only when all others are.

    Args:
        folder: an existing directory, str or `os.PathLike`.
        contents: `{name: bytes}`.

    Raises:
        OSError: if a file cannot be written; then all files are unchanged.
    """
    folder = Path(os.path.realpath(folder))
    check_targets(folder, contents)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as partial:
            for name, content in contents.items():
                Path(partial, name).write_bytes(content)
            for name in contents:
                os.replace(Path(partial, name), folder / name)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(folder)) from error
