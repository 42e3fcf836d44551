"""Runs the scripts as a user does: from somewhere else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def run_script(tmp_path):
    """`run_script(name, *arguments, **env)` -> (status, stdout, stderr), in a new directory."""

    def run(name, *arguments, **env):
        folder = tmp_path / "elsewhere"
        folder.mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, SCRIPTS / f"{name}.py", *map(str, arguments)],
            cwd=folder,
            env={**os.environ, **{key: str(value) for key, value in env.items()}},
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert not any(folder.glob("*.partial*")), "a half-written file was left behind"
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def interpreter(tmp_path):
    """`interpreter(body)`: a shell script in place of a Python."""

    def make(body, name="fake/python"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return make
