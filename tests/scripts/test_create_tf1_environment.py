import os

NAME = "create_tf1_environment"


def nowhere(tmp_path):
    """An environment in which no Python 3.7 is found."""
    return {"PATH": "/no/such", "PYENV_ROOT": tmp_path / "pyenv", "XDG_CACHE_HOME": tmp_path / "c"}


def test_one_that_is_made_is_named(run_script, interpreter, tmp_path):
    python = interpreter("echo 1.15.5", "cache/tf_recipes/tf1/bin/python")
    made = run_script(NAME, XDG_CACHE_HOME=tmp_path / "cache")
    assert made == (0, f"{python}\n", "")
    relative = os.path.relpath(tmp_path / "cache/tf_recipes/tf1", tmp_path / "elsewhere")
    assert run_script(NAME, f"--directory={relative}") == (0, f"{python}\n", "")


def test_without_python37(run_script, tmp_path):
    status, out, errors = run_script(NAME, **nowhere(tmp_path))
    assert (status, out) == (2, "")
    assert errors == (
        "create_tf1_environment.py: error: TensorFlow 1.15 needs Python 3.7. "
        "Received: none on the path or under pyenv. "
        "Install Python 3.7 (pyenv install 3.7), or pass its path as `python37`.\n"
    )
    assert not (tmp_path / "c").exists()


def test_a_directory_with_other_things(run_script, interpreter, tmp_path):
    python37 = interpreter("echo '(3, 7)'")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").touch()
    status, out, errors = run_script(
        NAME, f"--python37={python37}", f"--directory={tmp_path / 'mine'}"
    )
    assert (status, out) == (2, "")
    assert errors.count("\n") == 1
    assert f"Received: {tmp_path / 'mine'}, which has other files" in errors
    assert os.listdir(tmp_path / "mine") == ["a.txt"]


def test_a_directory_that_cannot_be_made(run_script, interpreter, tmp_path):
    (tmp_path / "file").touch()
    python37 = interpreter("echo '(3, 7)'")
    status, out, errors = run_script(
        NAME, f"--python37={python37}", f"--directory={tmp_path}/file/tf1"
    )
    assert (status, out) == (2, "")
    assert errors.startswith(
        f"create_tf1_environment.py: error: {tmp_path}/file/tf1: cannot be made"
    )
    assert errors.count("\n") == 1


def test_a_python_of_another_version(run_script, interpreter, tmp_path):
    python = interpreter("echo '(3, 12)'")
    status, _, errors = run_script(NAME, f"--python37={python}", f"--directory={tmp_path}/tf1")
    assert status == 2
    assert f"python37='{python}', which is another version" in errors
    assert not (tmp_path / "tf1").exists()
