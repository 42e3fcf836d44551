"""Tests which files a scan lists, and which module an import names."""

import os

import pytest

from tf_recipes.scan import scanner
from tf_recipes.scan.reading import paths


@pytest.fixture(autouse=True)
def _fresh():
    paths.forget()


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    (tmp_path / "a.py").write_text("")
    scandir = os.scandir

    def refusing(folder):
        if os.fspath(folder).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    found, problems = paths.listed([str(tmp_path)])
    assert [path for path, _ in found] == [str(tmp_path / "a.py")]
    (problem,) = problems
    assert (problem.path, problem.reason) == (
        str(tmp_path / "closed"),
        "it cannot be read (Permission denied)",
    )


def located(tmp_path, *arguments):
    found = paths.locate(*arguments)
    return None if found is None else os.path.relpath(found[1:], os.path.realpath(tmp_path))


def test_imports_with_dots(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    for path in (tmp_path / "nets.py", tmp_path / "a" / "layers.py", inner / "__init__.py"):
        path.write_text("")
    file = str(inner / "file.py")
    root = str(inner)
    assert located(tmp_path, file, root, "", 1) == os.path.join("a", "b", "__init__.py")
    assert located(tmp_path, file, root, "layers", 2) == os.path.join("a", "layers.py")
    assert located(tmp_path, file, root, "nets", 3) == "nets.py"
    assert located(tmp_path, file, root, "layers", 1) is None
    assert located(tmp_path, file, root, "", 2) is None


def test_imports_without_dots_lead_to_the_root_and_not_above(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "nets.py").write_text("")
    file = str(tmp_path / "a" / "b" / "file.py")
    assert located(tmp_path, file, str(tmp_path), "nets", 0) == "nets.py"
    assert located(tmp_path, file, str(tmp_path / "a"), "nets", 0) is None
    monkeypatch.chdir(tmp_path)
    assert located(tmp_path, os.path.join("a", "file.py"), "elsewhere", "none", 0) is None
    deep = os.path.join(*["d"] * 60, "file.py")
    assert located(tmp_path, deep, ".", "nets", 0) is None


@pytest.mark.parametrize("named", ["pkg/use.py", "pkg", "{}/pkg/use.py", "{}/pkg"])
def test_a_file_that_is_named_imports_from_above_its_package(tmp_path, monkeypatch, named):
    """As a hook of pre-commit names them: each file, from the working directory."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    (tmp_path / "pkg" / "backend.py").write_text("import tensorflow\n")
    (tmp_path / "pkg" / "use.py").write_text(
        "import pkg.backend as b\nx = b.tensorflow.placeholder('float32')\n"
    )
    monkeypatch.chdir(tmp_path)
    report = scanner.scan([named.format(tmp_path)], ["TFR001"], workers=1)
    assert [each.line for each in report.findings] == [2]


def test_a_file_in_a_folder_without_init_imports_from_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "nets").mkdir()
    (tmp_path / "helper.py").write_text("import tensorflow as tf\n")
    (tmp_path / "nets" / "use.py").write_text("from helper import tf\nx = tf.Session()\n")
    monkeypatch.chdir(tmp_path)
    report = scanner.scan([os.path.join("nets", "use.py")], ["TFR001"], workers=1)
    assert [each.line for each in report.findings] == [2]
