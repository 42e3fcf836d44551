"""Provides fixtures that run the scripts as a user does, from another directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import limits
import new_python

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def run_script(tmp_path):
    """Returns `run_script(name, *arguments, **env)` -> (status, stdout, stderr)."""

    def run(name, *arguments, **env):
        folder = tmp_path / "elsewhere"
        folder.mkdir(exist_ok=True)
        done = new_python.run(
            [sys.executable, SCRIPTS / f"{name}.py", *map(str, arguments)],
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
