"""Writes and reads the file of a checkpoint.

The file has the line `MAGIC`, a line with the SHA-256 of all that follows, a line of JSON with the
header, and the bytes of the arrays.
"""

import contextlib
import hashlib
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"tf_recipes checkpoint\n"


class Damaged(Exception):
    """Says that a file differs from what was written, and how it differs."""


def write(
    path: pathlib.Path, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Writes a complete checkpoint or none, even if the machine stops in the middle.

    Args:
        path: a `pathlib.Path`; an existing file is replaced.
        header: a dict for JSON.
        arrays: `{name: array}`.

    Raises:
        OSError: if the file cannot be written; an existing file then stays unchanged.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with open(partial, "wb") as file:
            file.writelines(_parts(header, arrays))
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def read(path: pathlib.Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Verifies the SHA-256 of a checkpoint, and returns its header and its arrays.

    Raises:
        Damaged: if the file is truncated, changed or no checkpoint.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Damaged(f"cannot be read: {error.strerror}") from error
    return decoded(content)


def encoded(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Returns the bytes that `write` writes."""
    return b"".join(_parts(header, arrays))


def decoded(content: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Returns the header and the arrays of bytes that `write` wrote; raises as `read` does."""
    start = len(MAGIC) + 2 * hashlib.sha256().digest_size + 1
    if not content.startswith(MAGIC) or len(content) < start:
        raise Damaged("is no checkpoint, or its beginning is missing")
    if content[len(MAGIC) : start] != hashlib.sha256(content[start:]).hexdigest().encode() + b"\n":
        raise Damaged("is truncated or changed: its SHA-256 is wrong")
    end = content.index(b"\n", start)
    header = json.loads(content[start:end])
    return header, _arrays(header.pop("arrays"), memoryview(content)[end + 1 :])


def sync_directory(path: pathlib.Path) -> None:
    """Flushes a directory to the disk, so that renames in it survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parts(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> list[bytes]:
    """Returns the parts of the file, in their order."""
    listed = [[name, array.dtype.name, array.shape] for name, array in arrays.items()]
    line = json.dumps({**header, "arrays": listed}).encode() + b"\n"
    parts = [line, *(array.tobytes() for array in arrays.values())]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return [MAGIC, digest.hexdigest().encode(), b"\n", *parts]


def _arrays(listed: Sequence[Any], content: memoryview) -> dict[str, NDArray[Any]]:
    """Returns the arrays that lie one after the other in `content`.

    Args:
        listed: a list of (name, dtype, shape).
        content: the bytes of the arrays.
    """
    arrays: dict[str, NDArray[Any]] = {}
    start = 0
    for name, dtype, shape in listed:
        count = int(np.prod(shape))
        array = np.frombuffer(content, dtype, count, start) if count else np.empty(0, dtype)
        arrays[name] = array.reshape(shape)
        start += array.nbytes
    return arrays
