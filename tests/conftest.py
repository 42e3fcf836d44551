"""What several test files share."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest


@pytest.fixture
def run_python():
    """Runs code in a new process and returns what it printed; `env` adds variables."""

    def run(code, *arguments, **env):
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **env},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture(scope="session")
def tf1_python():
    """An interpreter with real TensorFlow 1.15: $TF1_PYTHON, else one made in the user's cache."""
    from tf_recipes.parity import tf1

    if named := os.environ.get("TF1_PYTHON"):
        return tf1.check(named)
    try:
        return tf1.create_environment()
    except tf1.TF1Error as error:
        pytest.skip(f"no real TensorFlow 1.15: {error}")


@pytest.fixture
def script(tmp_path):
    """`script(name, body)`: an executable Bourne shell script; `$*` holds its arguments."""

    def make(name, body):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def policy():
    """Sets Keras' dtype policy for one test."""
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


@pytest.fixture
def digits():
    """64 made-up "images" float32 (64, 784) in [0, 1], and labels (64,)."""
    rng = np.random.default_rng(0)
    return rng.random((64, 784), np.float32), rng.integers(0, 10, 64)


@pytest.fixture
def fails():
    """`with fails(part, ...)`: a `ValueError` with the rule, what was received and a remedy."""
    return FailsWith


class FailsWith:
    """Checks the form that every error of this package has: rule, `Received: ...`, remedy."""

    def __init__(self, *parts):
        self.parts = parts

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        assert kind is not None, "nothing was raised"
        if not issubclass(kind, ValueError):
            return False
        rule, received, rest = str(error).partition(" Received: ")
        assert received and rule.endswith("."), f"no rule before what was received: {error}"
        assert rest.rstrip().endswith(".") and ". " in rest, f"no remedy: {error}"
        for part in self.parts:
            assert part in str(error), f"{part!r} is not in: {error}"
        return True
