import collections
import errno
import os
import shutil
import subprocess
import sys
import tempfile

import pytest

import new_python
from tf_recipes.training import directory


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_in_its_place_is_an_error(tmp_path, name):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match=r"must be writable\. Received: output_dir='.*file"):
        directory.writable(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC])
def test_a_read_only_or_full_directory_is_an_error(tmp_path, monkeypatch, number):
    def refuse(**_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(OSError, match=rf"must be writable.*\({os.strerror(number)}\)\. Pass"):
        directory.writable(tmp_path)


def test_two_cannot_use_one_directory(tmp_path):
    with directory.locked(tmp_path) as path:
        assert path == tmp_path
        with pytest.raises(OSError, match=r"Only one process at a time.*in use by another process"):
            directory.locked(tmp_path).__enter__()
    with directory.locked(tmp_path):
        pass


def test_the_lock_dies_with_its_process(tmp_path):
    code = (
        "import sys, time\nfrom tf_recipes.training import directory\n"
        "with directory.locked(sys.argv[1]):\n    print('locked', flush=True)\n    time.sleep(60)"
    )
    process = new_python.Popen(
        [sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout.readline() == b"locked\n"
    with pytest.raises(OSError, match="in use by another"):
        directory.locked(tmp_path).__enter__()
    process.kill()
    process.communicate()
    with directory.locked(tmp_path):
        pass


def test_only_the_files_that_a_killed_process_left_are_removed(tmp_path):
    with directory.locked(tmp_path):
        pass
    for name in ("checkpoints/.step-00000001.ckpt.partial", "checkpoints/step-00000001.ckpt"):
        (tmp_path / name).write_text("")
    for name in (".partial-abc", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("")
    with directory.locked(tmp_path):
        assert sorted(os.listdir(tmp_path)) == ["checkpoints", "mine"]
        assert sorted(os.listdir(tmp_path / "checkpoints")) == ["lock", "step-00000001.ckpt"]


def test_in_a_directory_that_no_training_used_nothing_is_removed(tmp_path):
    (tmp_path / ".partial-mine").write_text("")
    with directory.locked(tmp_path):
        assert sorted(os.listdir(tmp_path)) == [".partial-mine", "checkpoints"]


@pytest.mark.parametrize("name", ["file", "file/below", "locked", "locked/below"])
def test_a_place_that_takes_no_directory_is_an_error_and_none_is_made(tmp_path, name, monkeypatch):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "locked").mkdir()
    allowed = tempfile.TemporaryFile  # the superuser may write everywhere

    def refuse(dir):
        if "locked" in str(dir):
            raise PermissionError(errno.EACCES, "Permission denied")
        return allowed(dir=dir)

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(
        OSError, match=r"must be writable\. Received: output_dir='.*(is no directory|: Perm.*ied)\)"
    ):
        directory.check_possible(tmp_path / name)
    monkeypatch.setattr(tempfile, "TemporaryFile", allowed)
    directory.check_possible(tmp_path / "new" / "below")
    assert sorted(os.listdir(tmp_path)) == ["file", "locked"]


def test_too_little_free_space_is_said_in_megabytes(tmp_path, monkeypatch):
    usage = collections.namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2_000_000))
    directory.check_free_space(tmp_path, 2_000_000)
    with pytest.raises(OSError, match=r"the model, 8\.5 MB\. Received: 2\.0 MB free in "):
        directory.check_free_space(tmp_path, 8_500_000)
