import errno
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

import new_python
from tf_recipes.training import checkpoint_file

HEADER = {"step": 7, "history": {"loss": [0.1, 1e-300]}}
ARRAYS = {
    "model/0/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "optimizer/0/iterations": np.array(2**40, np.int64),
    "model/1/seed": np.array([1, 2**32 - 1], np.uint32),
    "model/2/nothing": np.empty((0, 3), np.float64),
    "model/3/not_finite": np.array([np.nan, -np.inf, -0.0]),
}


@pytest.fixture
def path(tmp_path):
    checkpoint_file.write(tmp_path / "a.ckpt", HEADER, ARRAYS)
    return tmp_path / "a.ckpt"


def test_what_is_read_is_what_was_written_bit_for_bit(path):
    header, arrays = checkpoint_file.read(path)
    assert header == HEADER
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        assert arrays[name].tobytes() == array.tobytes()
    assert os.listdir(path.parent) == ["a.ckpt"]


def test_the_hash_is_that_of_all_that_follows_it(path):
    _, digest, rest = path.read_bytes().split(b"\n", 2)
    assert digest.decode() == hashlib.sha256(rest).hexdigest()


def test_every_missing_or_changed_byte_is_noticed(path):
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(checkpoint_file.Damaged):
            checkpoint_file.read(path)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(checkpoint_file.Damaged):
            checkpoint_file.read(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(checkpoint_file.Damaged, match="truncated or changed: its SHA-256 is wrong"):
        checkpoint_file.read(path)


def test_a_file_that_cannot_be_read_is_damaged(tmp_path):
    with pytest.raises(checkpoint_file.Damaged, match="cannot be read: No such file"):
        checkpoint_file.read(tmp_path / "a.ckpt")


@pytest.mark.parametrize("place", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path, monkeypatch, place):
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, place, full)
    with pytest.raises(OSError, match="No space left"):
        checkpoint_file.write(path, {"step": 8}, ARRAYS)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["a.ckpt"]


def test_a_real_limit_on_the_files_size_is_an_error_and_harms_nothing(path):
    before = path.read_bytes()
    code = (
        "import pathlib, resource, signal, sys, numpy as np\n"
        "from tf_recipes.training import checkpoint_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    checkpoint_file.write(pathlib.Path(sys.argv[1]), {}, {'a': np.ones(10**5)})\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
    )
    done = new_python.run(
        [sys.executable, "-c", code, path], check=True, stdout=subprocess.PIPE, text=True
    )
    assert done.stdout == "File too large\n"
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["a.ckpt"]


def test_the_content_is_on_the_disk_before_the_name(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, name=name, real=real: calls.append(name) or real(*a)
        )
    checkpoint_file.write(tmp_path / "a.ckpt", HEADER, ARRAYS)
    assert calls == ["fsync", "replace", "fsync"]  # the file, its name, the directory
