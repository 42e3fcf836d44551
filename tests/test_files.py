import os

import pytest

from tf_recipes import files


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
