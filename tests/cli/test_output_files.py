"""Tests which output files are refused before the work, and that they are written together."""

import os

import pytest

from tf_recipes.cli.application import UsageError
from tf_recipes.cli.output_files import check_output_directory, check_output_file, together


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


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="this system has no /proc")
def test_what_takes_no_file_of_anybody_is_refused_before_the_work():
    with pytest.raises(
        UsageError, match=r"--html: '/proc' is no directory .*/proc/x.html.*or pass"
    ):
        check_output_file("html", "/proc/x.html")
    for make in (True, False):
        with pytest.raises(UsageError, match=r"--plot_dir .*Received: '/proc/x' .*Pass another"):
            check_output_directory("plot_dir", "/proc/x", make)


def listed(folder):
    """The contents of a folder and of the folders below, by name."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def folder(tmp_path):
    """A folder with an older file, a link to one, and a folder of figures."""
    (tmp_path / "figures").mkdir()
    for name in ("out.json", "real.html", "figures/a.png"):
        (tmp_path / name).write_text("older")
    (tmp_path / "report.html").symlink_to("real.html")
    return tmp_path


def write_all(folder, outputs):
    outputs.write(folder / "out.json", lambda path: path.write_text("new"))
    outputs.write(folder / "report.html", lambda path: path.write_text("new"))

    def draw(partial):
        for name in ("a.png", "b.png"):
            (partial / name).write_text("new")

    outputs.write_into(folder / "figures", draw)
    outputs.write(os.devnull, lambda path: path.write_text("new"))


def test_all_files_come_at_the_end(folder):
    with together() as outputs:
        write_all(folder, outputs)
        visible = {k: v for k, v in listed(folder).items() if not k.startswith((".", "figures/."))}
        assert set(visible.values()) == {"older"}
    names = ("out.json", "real.html", "report.html", "figures/a.png", "figures/b.png")
    assert listed(folder) == dict.fromkeys(names, "new")
    assert (folder / "report.html").is_symlink()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, ValueError])
@pytest.mark.parametrize("within", [True, False])
def test_after_an_error_or_ctrl_c_everything_is_as_it_was(folder, error, within):
    before = listed(folder)

    def stop(path):
        if path.is_dir():
            (path / "c.png").write_text("half")
        else:
            path.write_text("half")
        raise error

    with pytest.raises(error), together() as outputs:
        write_all(folder, outputs)
        if within:
            outputs.write(folder / "out2.json", stop)
        outputs.write_into(folder / "figures", stop)
    assert listed(folder) == before
    assert sorted(path.name for path in folder.iterdir()) == [
        "figures",
        "out.json",
        "real.html",
        "report.html",
    ]


def test_a_file_that_cannot_be_written_is_named_and_spares_the_others(folder):
    def full(path):
        path.write_text("half")
        raise OSError(28, "No space left on device", str(path))

    with together() as outputs:
        with pytest.raises(OSError, match="No space left") as caught:
            outputs.write(folder / "out.json", full)
        assert caught.value.filename == str(folder / "out.json")
        outputs.write(folder / "report.html", lambda path: path.write_text("new"))
    assert (folder / "out.json").read_text() == "older"
    assert (folder / "real.html").read_text() == "new"
    assert not list(folder.glob(".*"))
