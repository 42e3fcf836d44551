"""One checkpoint, one file: a line, the SHA-256 of all that follows, a line of JSON, the arrays."""

import contextlib
import hashlib
import json
import os

import numpy as np

MAGIC = b"tf_recipes checkpoint\n"


class Damaged(Exception):
    """The file is not what was written; the text says how."""


def write(path, header, arrays):
    """Writes a checkpoint whole or not at all, even if the machine stops in the middle.

    Args:
        path: a `pathlib.Path`; what is there is replaced.
        header: dict for JSON.
        arrays: `{name: array}`.

    Raises:
        OSError: if it cannot be written; then `path` is as it was.
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


def read(path):
    """The header and the arrays of a checkpoint, after its SHA-256 has been verified.

    Raises:
        Damaged: if it is torn, changed or no checkpoint.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Damaged(f"cannot be read: {error.strerror}") from error
    return decoded(content)


def encoded(header, arrays):
    """What `write` writes, as bytes."""
    return b"".join(_parts(header, arrays))


def decoded(content):
    """The header and the arrays of what `write` wrote; raises as `read` does."""
    start = len(MAGIC) + 2 * hashlib.sha256().digest_size + 1
    if not content.startswith(MAGIC) or len(content) < start:
        raise Damaged("is no checkpoint, or its beginning is lost")
    if content[len(MAGIC) : start] != hashlib.sha256(content[start:]).hexdigest().encode() + b"\n":
        raise Damaged("is torn or changed: its SHA-256 is another")
    end = content.index(b"\n", start)
    header = json.loads(content[start:end])
    return header, _arrays(header.pop("arrays"), memoryview(content)[end + 1 :])


def sync_directory(path):
    """Makes renames in a directory outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parts(header, arrays):
    listed = [[name, array.dtype.name, array.shape] for name, array in arrays.items()]
    line = json.dumps({**header, "arrays": listed}).encode() + b"\n"
    parts = [line, *(array.tobytes() for array in arrays.values())]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return [MAGIC, digest.hexdigest().encode(), b"\n", *parts]


def _arrays(listed, content):
    arrays, start = {}, 0
    for name, dtype, shape in listed:
        count = int(np.prod(shape))
        array = np.frombuffer(content, dtype, count, start) if count else np.empty(0, dtype)
        arrays[name] = array.reshape(shape)
        start += array.nbytes
    return arrays
