"""Provides fixtures that run the scripts as a user does, from another directory."""

import json
import os
import pickle
import subprocess
import sys
import types
from pathlib import Path

import pytest

import limits
import new_python

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def scripts_folder():
    return SCRIPTS


@pytest.fixture
def run_script(tmp_path):
    """Returns `run_script(name, *arguments, children, **env)` -> (status, stdout, stderr).

    With `children=True` the Python processes of the script are copies, as the script itself is.
    """

    def run(name, *arguments, children=False, **env):
        folder = tmp_path / "elsewhere"
        folder.mkdir(exist_ok=True)
        done = new_python.run(
            [sys.executable, SCRIPTS / f"{name}.py", *map(str, arguments)],
            children=children,
            cwd=folder,
            env={**os.environ, **{key: str(value) for key, value in env.items()}},
            check=False,
            capture_output=True,
            text=True,
            timeout=limits.PROCESS,
        )
        assert not any(folder.glob("*.partial*")), "a half-written file was left behind"
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture(scope="module")
def run_chapter(tmp_path_factory):
    """Returns `run_chapter(name, *flags, **constants)`: a chapter's script, run for a test file.

    `constants` are `{"module.NAME": value}`, for sizes that no flag sets. The result has `status`,
    `printed` and `errors` of the script, `files`, the sorted names of what it wrote, `written`, its
    JSON, and `findings` and `lines` (see `run_and_keep.py`).
    """

    def run(name, *flags, **constants):
        folder = tmp_path_factory.mktemp(name)
        out, kept = folder / "new" / "out", folder / "kept"
        script = SCRIPTS / f"{name}.py"
        runner, settings = Path(__file__).with_name("run_and_keep.py"), json.dumps(constants)
        command = [sys.executable, runner, kept, settings, script]
        done = new_python.run(
            [*command, *flags, f"--output_dir={out}"],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=limits.PROCESS,
        )
        assert done.returncode == 0, done.stderr
        findings, lines = pickle.loads(kept.read_bytes())
        return types.SimpleNamespace(
            status=done.returncode,
            printed=done.stdout,
            errors=done.stderr,
            files=sorted(path.name for path in out.iterdir()),
            written=json.loads((out / f"{name}.json").read_text()),
            findings=findings,
            lines=lines,
        )

    return run


@pytest.fixture
def refuses(run_script):
    """Returns `refuses(name, arguments, says)`, which checks for one line of error and status 2."""

    def check(name, arguments, says, **env):
        status, printed, errors = run_script(name, *arguments, **env)
        assert (status, printed) == (2, "")
        assert errors.startswith(f"{name}.py: error: ")
        assert says in errors
        assert errors.count("\n") == 1

    return check


@pytest.fixture
def start_script():
    """Returns `start_script(name, *arguments, **options)` -> a running process.

    A process that ignores SIGINT, as the test's own process may, hands this on to a new Python
    (`new=True`), which therefore sets the handler back first. A copy always listens.
    """
    listen = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    started = []

    def start(name, *arguments, new=False, **options):
        command = [sys.executable, str(SCRIPTS / f"{name}.py"), *map(str, arguments)]
        if new:
            again = f"{listen}os.execv(sys.argv[1], sys.argv[1:])"
            command = [sys.executable, "-c", again, *command]
        process = (subprocess if new else new_python).Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def interpreter(script):
    """Returns `interpreter(body)`: a shell script that stands for a Python interpreter."""
    return lambda body, name="fake/python": script(name, body)
