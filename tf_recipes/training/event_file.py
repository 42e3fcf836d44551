"""Writes the file of events that TensorBoard reads, without TensorFlow.

A record of the file has its length, the CRC of the length, the event and the CRC of the event. The
format is that of `tf.summary`, whose writer exists on TensorFlow alone.
"""

import itertools
import os
import pathlib
import socket
import struct
import time
from typing import Any

_POLYNOMIAL = 0x82F63B78  # of CRC-32C, reflected
_MASK = 0xA282EAD8  # added to a rotated CRC, so that a CRC of bytes with CRCs stays useful
_SCALARS = "scalars"  # the plugin of TensorBoard that draws curves
_numbers = itertools.count()


def _table() -> list[int]:
    """Returns the remainder of each byte."""
    found = list(range(256))
    for _ in range(8):
        found = [each >> 1 ^ (_POLYNOMIAL if each & 1 else 0) for each in found]
    return found


_TABLE = _table()


class EventFile:
    """Writes scalars to a new file of events.

    Args:
        folder: the directory of the file, made if there is none.

    Raises:
        OSError: from every method, if the file cannot be written.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        from tensorboard.compat.proto import event_pb2  # late, because the import takes a while

        folder.mkdir(parents=True, exist_ok=True)
        seconds, own = int(time.time()), f"{os.getpid()}.{next(_numbers)}"
        name = f"events.out.tfevents.{seconds:010d}.{socket.gethostname()}.{own}.v2"
        self._event = event_pb2.Event
        self._file = (folder / name).open("xb")
        self._write(self._event(wall_time=time.time(), file_version="brain.Event:2"))

    def add(self, tag: str, value: float, step: int) -> None:
        """Adds a scalar of a step; `flush` writes it."""
        event = self._event(wall_time=time.time(), step=step)
        summary = event.summary.value.add(tag=tag)
        summary.metadata.plugin_data.plugin_name = _SCALARS
        summary.tensor.dtype = 1  # float32
        summary.tensor.tensor_shape.SetInParent()
        summary.tensor.float_val.append(value)
        self._write(event)

    def flush(self) -> None:
        """Writes what was added, so that another process can read it."""
        self._file.flush()

    def close(self) -> None:
        """Writes what was added, and closes the file."""
        self._file.close()

    def _write(self, event: Any) -> None:
        data = event.SerializeToString()
        length = struct.pack("<Q", len(data))
        crcs = (struct.pack("<I", masked_crc(each)) for each in (length, data))
        self._file.write(length + next(crcs) + data + next(crcs))


def masked_crc(data: bytes) -> int:
    """Returns the masked CRC-32C of a record's bytes.

    >>> hex(masked_crc(b"123456789"))  # the CRC itself is 0xe3069283
    '0xc78ab0e5'
    """
    crc = 0xFFFFFFFF
    for each in data:
        crc = _TABLE[(crc ^ each) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF
