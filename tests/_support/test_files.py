import errno
import os

import pytest

from tf_recipes._support import files


def test_the_file_is_replaced_at_the_end(tmp_path):
    path = tmp_path / "a.npz"
    path.write_text("before")
    with files.replacing(path) as partial:
        partial.write_text("after")
        assert path.read_text() == "before"
        assert partial.parent == tmp_path
        assert partial.suffix == ".npz"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_after_an_error_all_is_as_it_was(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(type(error)), files.replacing(path) as partial:
        partial.write_text("half")
        raise error
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), files.replacing(tmp_path / "a.txt") as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_not_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError), files.replacing(tmp_path / "a") as partial:
        partial.write_text("text")
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").is_dir()


def test_nothing_written_is_an_error_and_keeps_what_was(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(FileNotFoundError), files.replacing(str(path)):
        pass
    assert path.read_text() == "before"


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "real.txt").write_text("before")
    link = tmp_path / "link.txt"
    link.symlink_to("real.txt")
    with files.replacing(link) as partial:
        partial.write_text("after")
    assert link.is_symlink()
    assert (tmp_path / "real.txt").read_text() == "after"


def test_a_device_is_written_to_and_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with files.replacing(tmp_path / "pipe") as partial:
        assert partial == tmp_path / "pipe"
    assert (tmp_path / "pipe").is_fifo()


def test_an_error_without_a_name_gets_one(tmp_path):
    with (
        pytest.raises(OSError, match=r"No space left.*a\.txt"),
        files.replacing(tmp_path / "a.txt"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_error_of_a_device_names_it():
    with (
        pytest.raises(OSError, match=r"No space left.*/dev/full"),
        files.replacing("/dev/full") as path,
    ):
        path.write_text("text")


@pytest.mark.parametrize("name", ["a" * 250 + ".html", "\u65e5" * 83 + ".npz", "a." + "b" * 253])
def test_the_longest_legal_name_can_be_replaced(tmp_path, name):
    with files.replacing(tmp_path / name) as partial:
        partial.write_text("text")
        assert len(os.fsencode(partial.name)) < 130
    assert (tmp_path / name).read_text() == "text"
    assert list(tmp_path.iterdir()) == [tmp_path / name]


def test_two_long_names_alike_at_first_do_not_meet(tmp_path):
    one, other = (tmp_path / ("a" * 200 + end) for end in ("b", "c"))
    with files.replacing(one) as first, files.replacing(other) as second:
        first.write_text("one")
        second.write_text("other")
    assert (one.read_text(), other.read_text()) == ("one", "other")


def test_a_text_is_cut_between_characters():
    assert files.cut("a\u65e5b", 4) == "a\u65e5"
    assert files.cut("a\u65e5b", 3) == "a"
    assert files.cut("a\udcffb", 9) == "ab"


def test_a_folder_says_why_it_takes_no_file(tmp_path):
    assert files.why_no_file(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    assert files.why_no_file(tmp_path / "file") == os.strerror(errno.ENOTDIR)
    assert files.why_no_file(tmp_path / "none") == os.strerror(errno.ENOENT)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="this system has no /proc")
def test_a_folder_of_the_system_takes_no_file_though_the_superuser_may_write():
    assert files.why_no_file("/proc")
