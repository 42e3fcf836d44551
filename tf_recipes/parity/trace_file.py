"""Reads the arrays of an `.npz` file one by one, none before its size is known.

A file from elsewhere may be damaged, or made so that a few kilobytes unpack to gigabytes. So the
archive's directory gives the number and the sizes of the members, the head of a member gives the
shape and the dtype of its array, and only then is an array unpacked.
"""

import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The bounds of a file, all of them. The largest shipped trace takes 6 MB in memory. Weights hardly
# pack, images and masks by 5 to 20: the shipped traces unpack to 1.7 to 7 times their files.
LARGEST = 2**30  # bytes in memory of all arrays of a trace together
SMALL = 16 * 2**20  # bytes of all arrays together that any file may unpack to
UNPACKED = 100  # more bytes than `SMALL`: at most so many for each byte of the file
IMAGES = 6000  # images that a trace may have where its batches take fewer, as `--pool`
MEMBERS = 20_000  # arrays
DIRECTORY = 4 * 2**20  # bytes of the archive's directory, which is read before the members
HEAD = 4096  # bytes in which the shape and the dtype of an array must be found
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # those that NumPy writes

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class FileError(ValueError):
    """Says what is wrong with the file, or with the member `field` of it."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.field = field


class ArrayFile:
    """Gives the names, the shapes and the arrays of an open `.npz` file."""

    def __init__(self, archive: zipfile.ZipFile, packed: int) -> None:
        self.packed = packed  # bytes of the file
        self._archive = archive
        self._members = _members(archive)

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def head(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Returns the shape and the dtype of an array, which is not unpacked.

        Raises:
            FileError: if the member is no array in NumPy's format, or its size is not what the
                shape and the dtype say.
        """
        member = self._members[name]
        try:
            with self._archive.open(member) as stream:
                head = io.BytesIO(stream.read(HEAD))
        except Exception as error:  # zipfile and the decompressors raise many types
            raise FileError(_reason(error), name) from error
        try:
            version = np.lib.format.read_magic(head)
            shape, _, dtype = _HEADERS[version](head)
        except Exception as error:  # NumPy's parser raises many types
            raise FileError("no array in NumPy's format", name) from error
        size = _product(shape) * dtype.itemsize
        if dtype.hasobject or member.file_size != head.tell() + size:
            raise FileError(f"{member.file_size} bytes for an array {dtype} {shape}", name)
        return shape, dtype

    def read(self, name: str) -> NDArray[Any]:
        """Returns an array whose `head` was looked at.

        Raises:
            FileError: if the member is damaged.
        """
        try:
            with self._archive.open(self._members[name]) as stream:
                return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
        except Exception as error:  # zipfile and the decompressors raise many types
            raise FileError(_reason(error), name) from error


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[ArrayFile]:
    """Opens an `.npz` file.

    Raises:
        FileError: if the file is no `.npz` file, or its directory exceeds a bound.
    """
    if not Path(path).exists():
        raise FileError("there is no such file")
    if not Path(path).is_file():
        raise FileError("not a regular file")
    with _Bounded(open(path, "rb", buffering=0)) as stream:
        try:
            file = ArrayFile(zipfile.ZipFile(stream), os.fstat(stream.fileno()).st_size)
        except FileError:
            raise
        except Exception as error:  # zipfile raises many types for damaged archives
            raise FileError(_reason(error)) from error
        yield file


class _Bounded(io.BufferedReader):
    """Reads a file, and refuses to read more at once than a directory may be long.

    `zipfile` reads a directory at once, before it tells how many members there are.
    """

    def read(self, size: int | None = -1) -> bytes:
        """Returns the next `size` bytes; None and negative numbers mean all of them."""
        if size is None or size < 0:
            here = self.tell()
            size = self.seek(0, os.SEEK_END) - here
            self.seek(here)
        if size > DIRECTORY:
            raise FileError(f"a directory of {size} bytes, of at most {DIRECTORY}")
        return super().read(size)


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Returns the archive's members by the names of their arrays."""
    listed = archive.infolist()
    if len(listed) > MEMBERS:
        raise FileError(f"{len(listed)} members, of at most {MEMBERS}")
    members: dict[str, zipfile.ZipInfo] = {}
    for member in listed:
        name = member.filename.removesuffix(".npy")
        if name in members:
            raise FileError("two members of this name", name)
        if member.compress_type not in METHODS:
            raise FileError("a kind of compression that NumPy does not write", name)
        members[name] = member
    return members


def _product(shape: tuple[int, ...]) -> int:
    """Returns the product of Python integers, which does not overflow."""
    product = 1
    for length in shape:
        product *= int(length)
    return product


def _reason(error: Exception) -> str:
    """Returns an error's first line, or its kind where it has no text."""
    return str(error).partition("\n")[0] or type(error).__name__
