"""Tests with scripts in place of interpreters: they print a version, crash or are missing."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tf_recipes.parity.tf1 import environment, interpreter
from tf_recipes.recipe import Recipe

SMALL = Recipe("small", hidden=(3,), steps=2, batch_size=4)


@pytest.fixture
def python37(script):
    """Returns `python37(pip)`: a Python 3.7; its `venv` makes a Python with TF 1.15.5 and `pip`."""

    def make(pip="exit 0"):
        inner = f'case "$*" in *pip*) {pip};; *) echo 1.15.5;; esac'
        return script(
            "py/python3.7",
            f"""case "$*" in
*version_info*) echo "(3, 7)";;
*"-m venv"*) mkdir -p "$3/bin"
    printf '%s\\n' '#!/bin/sh' '{inner}' > "$3/bin/python"
    chmod +x "$3/bin/python";;
esac""",
        )

    return make


@pytest.fixture
def no_python37(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))


# --- check


def test_an_interpreter_with_tensorflow_115_passes(script):
    python = script("python", "echo 1.15.5")
    assert interpreter.check(str(python)) == python


def test_the_path_is_good_from_any_directory(script, monkeypatch, tmp_path):
    python = script("bin/python", "echo 1.15.0")
    monkeypatch.chdir(tmp_path)
    assert interpreter.check("bin/python") == python
    monkeypatch.setenv("PATH", f"{python.parent}:{os.environ['PATH']}")
    assert interpreter.check("python") == python


@pytest.mark.parametrize("version", ["2.21.0", "1.14.0", "1.150.0", ""])
def test_another_version_is_refused(script, version):
    python = script("python", f"echo {version}")
    with pytest.raises(interpreter.TF1Error) as raised:
        interpreter.check(python)
    assert str(raised.value) == (
        f"{python}: must have TensorFlow 1.15. Received: {version}. {interpreter.MAKE_ENVIRONMENT}"
    )


def test_the_remedy_names_a_command_and_a_function():
    assert interpreter.MAKE_ENVIRONMENT == (
        "Make an environment with TensorFlow 1.15: run python scripts/create_tf1_environment.py, "
        "or call tf_recipes.parity.tf1.environment.create_environment()."
    )
    assert environment.create_environment.__module__ == "tf_recipes.parity.tf1.environment"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo first >&2; echo 'ImportError: no tensorflow' >&2; exit 1", "ImportError: no tensor"),
        ("exit 3", "returned non-zero exit status 3"),
        ("echo >&2; exit 3", "returned non-zero exit status 3"),
        ("kill -SEGV $$", "died with"),
    ],
)
def test_a_crash_is_told_in_one_line(script, body, reason):
    python = script("python", body)
    with pytest.raises(interpreter.TF1Error) as raised:
        interpreter.check(python)
    text = str(raised.value)
    assert text.startswith(f"{python}: does not run TensorFlow (")
    assert reason in text
    assert text.endswith(interpreter.MAKE_ENVIRONMENT)
    assert "\n" not in text


def test_a_missing_interpreter(tmp_path):
    with pytest.raises(
        interpreter.TF1Error, match=r"no_such: does not run TensorFlow \(\[Errno 2\]"
    ):
        interpreter.check(tmp_path / "no_such")


def test_one_that_never_answers(script, monkeypatch):
    monkeypatch.setattr(interpreter, "TIMEOUT", 0.2)
    python = script("python", "echo half >&2; exec sleep 60")
    with pytest.raises(interpreter.TF1Error, match=r"does not run TensorFlow \(half\)"):
        interpreter.check(python)


def test_it_is_not_given_this_pythons_path_nor_tensorflows_settings(script, monkeypatch, tmp_path):
    """`TF2_BEHAVIOR=1`, which importing TensorFlow 2 sets, changes TF 1.15's random numbers."""
    for name in ("PYTHONPATH", "PYTHONHOME", "TF2_BEHAVIOR", "TF_XLA_FLAGS", "XLA_FLAGS"):
        monkeypatch.setenv(name, "ours")
    monkeypatch.setenv("KEPT", "yes")
    interpreter.check(script("python", f"env > {tmp_path}/seen; echo 1.15.5"))
    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().splitlines())
    assert seen["KEPT"] == "yes"
    assert "ours" not in seen.values()


# --- find_python37


def test_python37_on_the_path_comes_first(python37, monkeypatch):
    found = python37()
    monkeypatch.setenv("PATH", str(found.parent))
    assert environment.find_python37() == found


def test_a_shim_that_fails_is_passed_over_for_pyenvs(script, monkeypatch, tmp_path):
    shim = script("shims/python3.7", "echo 'pyenv: python3.7: command not found' >&2; exit 127")
    script("pyenv/versions/3.7.1/bin/python", "echo '(3, 8)'")
    real = script("pyenv/versions/3.7.9/bin/python", "echo '(3, 7)'")
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert environment.find_python37() == real


def test_no_python37(no_python37):
    assert environment.find_python37() is None


# --- create_environment


def test_an_environment_is_made(python37, tmp_path):
    directory = tmp_path / "cache" / "tf1"
    python = environment.create_environment(directory, python37())
    assert python == directory / "bin" / "python"
    assert interpreter.check(python) == python
    assert os.listdir(directory.parent) == ["tf1"]


def test_it_is_kept_in_the_users_cache(python37, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    expected = tmp_path / "xdg" / "tf_recipes" / "tf1" / "bin" / "python"
    assert environment.create_environment(python37=python37()) == expected
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/of/one")
    assert interpreter.default_directory() == Path("/home/of/one/.cache/tf_recipes/tf1")


def test_one_that_is_made_is_found(script, no_python37, tmp_path):
    python = script("tf1/bin/python", "echo 1.15.5")
    assert environment.create_environment(tmp_path / "tf1") == python


def test_without_python37(no_python37, tmp_path):
    with pytest.raises(interpreter.TF1Error) as raised:
        environment.create_environment(tmp_path / "tf1")
    assert str(raised.value) == (
        "TensorFlow 1.15 needs Python 3.7. Received: none on the path or under pyenv. "
        "Install Python 3.7 (pyenv install 3.7), or pass its path as `python37`."
    )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("named", [sys.executable, "/no/such/python"])
def test_a_named_python_must_be_37(tmp_path, named):
    with pytest.raises(
        interpreter.TF1Error, match=f"Received: python37='{named}', which is another"
    ):
        environment.create_environment(tmp_path / "tf1", named)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("pip", "reason"),
    [
        ("echo one >&2; echo ERROR: no network >&2; exit 1", "ERROR: no network"),
        ("exit 1", "returned non-zero exit status 1."),
    ],
)
def test_an_installation_that_fails_leaves_nothing(python37, tmp_path, pip, reason):
    directory = tmp_path / "cache" / "tf1"
    with pytest.raises(interpreter.TF1Error) as raised:
        environment.create_environment(directory, python37(pip))
    assert str(raised.value).startswith("TensorFlow 1.15.5 could not be installed: ")
    assert str(raised.value).endswith(reason)
    assert os.listdir(directory.parent) == []


def test_what_is_already_there_is_never_removed(python37, tmp_path):
    directory = tmp_path / "mine"
    directory.mkdir()
    (directory / "thesis.txt").write_text("ten years")
    with pytest.raises(interpreter.TF1Error) as raised:
        environment.create_environment(directory, python37())
    assert f"Received: {directory}, which has other files" in str(raised.value)
    assert (directory / "thesis.txt").read_text() == "ten years"
    assert sorted(os.listdir(tmp_path)) == ["mine", "py"]


def test_an_empty_directory_is_filled(python37, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    python = environment.create_environment(".", python37())
    assert python == tmp_path / "empty" / "bin" / "python"


def test_a_faster_process_is_no_harm(python37, script, tmp_path):
    """Another process makes the same environment while this process installs."""
    other = tmp_path / "tf1" / "bin"
    made = script("py/made", "echo 1.15.5")
    fast = python37(f"mkdir -p {other}; cp {made} {other}/python")
    assert environment.create_environment(tmp_path / "tf1", fast) == other / "python"
    assert sorted(os.listdir(tmp_path)) == ["py", "tf1"]


def test_a_directory_that_cannot_be_made(python37, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(interpreter.TF1Error, match=r"file/tf1: cannot be made \("):
        environment.create_environment(tmp_path / "file" / "tf1", python37())


# --- record, run_module

POOL = np.zeros((5, 784), np.uint8), np.zeros(5, int), np.zeros((2, 4), int), [1, 2]


def test_a_run_that_fails_ends_with_tf1s_last_line(script):
    python = script("python", "echo Traceback >&2; echo 'ValueError: no' >&2; exit 1")
    with pytest.raises(interpreter.TF1Error) as raised:
        interpreter.record(python, SMALL, *POOL)
    assert str(raised.value) == f"TensorFlow 1.15 failed under {python}: ValueError: no"


def test_what_a_run_is_given(script, tmp_path, monkeypatch):
    """TF1 gets the originals, the recipe, no other file of the package, and the job as arrays."""
    script(
        "python",
        f"""echo "$*" > {tmp_path}/arguments
(cd "$PYTHONPATH" && find . -name '*.py') > {tmp_path}/files
cp "$5" {tmp_path}/job.npz; cp "$5" "$6" """,
    )
    monkeypatch.chdir(tmp_path)
    arrays = interpreter.record("./python", SMALL, *POOL)
    assert arrays.keys() == {"spec", "images", "labels", "batches", "steps", "neighbours"}
    assert arrays["neighbours"] == 1
    assert Recipe.from_spec(json.loads(str(arrays["spec"]))) == SMALL
    np.testing.assert_array_equal(arrays["batches"], POOL[2])
    assert arrays["steps"].tolist() == [1, 2]
    given = (tmp_path / "arguments").read_text().split()
    assert given[:4] == ["-W", "ignore", "-m", "tf_recipes.originals.runners.record"]
    seen = (tmp_path / "files").read_text().split()
    names = ("__init__.py", "recipe.py", "_support/__init__.py", "_support/validation.py")
    beside = {f"./tf_recipes/{name}" for name in names}
    assert {path for path in seen if "/originals/" not in path} == beside
    assert "./tf_recipes/originals/runners/record.py" in seen


def test_real_tf1_records_a_whole_trace(tf1_python):
    arrays = interpreter.record(tf1_python, SMALL, *POOL)
    assert json.loads(str(arrays["provenance"]))["tensorflow"].startswith("1.15.")
    assert arrays["losses"].shape == (2,)
    # Black images meet zero biases: the logits are 0, the loss is ln 10.
    np.testing.assert_allclose(arrays["losses"][0], np.log(10), rtol=1e-6)
