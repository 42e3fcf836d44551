"""Tests which output files are refused before the work."""

import os

import pytest

from tf_recipes.cli.application import UsageError
from tf_recipes.cli.output_files import check_output_directory, check_output_file


def test_a_file_that_can_be_written_is_accepted_and_not_written(tmp_path):
    check_output_file("json_out", str(tmp_path / "new.json"))
    assert not list(tmp_path.iterdir())
    (tmp_path / "old.json").write_text("stays")
    check_output_file("json_out", str(tmp_path / "old.json"))
    assert (tmp_path / "old.json").read_text() == "stays"


def test_a_device_is_accepted():
    check_output_file("json_out", os.devnull)


def test_the_folder_is_made_on_demand(tmp_path):
    path = tmp_path / "a" / "b" / "new.json"
    with pytest.raises(UsageError, match="is no directory that can be written to"):
        check_output_file("json_out", str(path))
    check_output_file("json_out", str(path), make_folder=True)
    assert path.parent.is_dir() and not path.exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    path = str(tmp_path / "file" / "new.json")
    rule = r"--json_out needs the folder .* which cannot be made"
    with pytest.raises(UsageError, match=rule) as caught:
        check_output_file("json_out", path, make_folder=True)
    assert repr(path) in str(caught.value)


@pytest.mark.parametrize("path", ["", "."])
def test_a_path_that_is_no_file_is_refused(path):
    with pytest.raises(UsageError, match=r"--plot_out must name a file\. Received: "):
        check_output_file("plot_out", path)


def test_a_directory_is_made_and_found_writable(tmp_path):
    check_output_directory("plot_dir", str(tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("path", ["", "file/plots"])
def test_a_path_that_is_no_directory_is_refused(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=f"--plot_dir .*Received: {path!r}"):
        check_output_directory("plot_dir", path)
