"""Tests `tf-recipes scan` from the command line."""

import json

import pytest

from tf_recipes.cli import scan_command
from tf_recipes.scan.outputs import formats

COMMAND = "import sys; from tf_recipes.cli.main import main; sys.argv[0] = 'tf-recipes'; main()"


@pytest.fixture
def command(run_python_failing):
    """`command(*words)` -> (status, stdout, stderr) of `tf-recipes scan`."""
    return lambda *words: run_python_failing(COMMAND, "scan", *words)


@pytest.fixture
def code(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("import tensorflow as tf\ntf.log(tf.reduce_sum(x, keep_dims=True))\n")
    return str(path)


def test_the_formats_are_those_that_there_are():
    assert tuple(formats.FORMATS) == scan_command.FORMATS


def test_flags_stand_before_or_behind_the_paths(command, code):
    status, printed, errors = command(code, "--format=json", "--ignore=TFR003")
    assert (status, [each["code"] for each in json.loads(printed)]) == (1, ["TFR001"])
    assert errors == "1 file, 2 lines: 1 finding in 1 file\n"
    assert command("--select=TFR002", code) == (0, "1 file, 2 lines: no findings\n", "")


def test_a_file_that_is_missing(command, code):
    status, printed, errors = command(code, "no/such.py", "--format=github")
    assert status == 2 and printed.count("::error") == 3
    assert "no/such.py: not scanned: it is not there" in errors


def test_a_baseline_from_the_settings(command, code, tmp_path):
    known = tmp_path / "known.json"
    assert command(code, f"--write_baseline={known}") == (0, "", "")
    (tmp_path / "setup.cfg").write_text("[tf-recipes:scan]\nbaseline = known.json\n")
    assert command(code)[:2] == (0, "1 file, 2 lines: no findings\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "Name the files and folders to scan. Received: none."),
        (["a.py", "--select=X"], "Received: --select=X."),
        (["a.py", "--format=xml"], "--format"),
    ],
)
def test_what_is_refused(command, words, says):
    status, printed, errors = command(*words)
    assert (status, printed) == (2, "")
    assert errors.startswith("tf-recipes scan: error: ") and says in errors


def test_a_diff_writes_nothing_and_a_fix_does_it_once(command, code, tmp_path):
    before = (tmp_path / "a.py").read_text()
    status, printed, errors = command(code, "--diff")
    assert (status, errors) == (1, "1 file would be rewritten\n")
    assert "+tf.math.log(tf.reduce_sum(x, keepdims=True))\n" in printed
    assert (tmp_path / "a.py").read_text() == before
    assert command(code, "--fix") == (0, "1 file, 2 lines: no findings\n", "1 file rewritten\n")
    after = (tmp_path / "a.py").read_text()
    assert after == "import tensorflow as tf\ntf.math.log(tf.reduce_sum(x, keepdims=True))\n"
    assert command(code, "--fix")[2] == "0 files rewritten\n"
    (tmp_path / "a.py").write_text("print tf.log(1)\n")
    (tmp_path / "b.py").write_text("import tensorflow as tf\ntf.log(1)\n(")
    status, printed, errors = command(str(tmp_path), "--diff")
    assert (status, printed) == (2, "")
    assert "a.py: not rewritten: line 1 is Python 2" in errors
    assert "b.py: not rewritten: it is neither Python 3 nor" in errors
