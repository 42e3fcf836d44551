"""The recorded traces of TF 1.15 on Keras' other backends: one process replays them all.

    python -m pytest tests/parity/test_backends.py --backend=torch

Without the option JAX replays them. `test_replay.py` does the same on TensorFlow.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import limits
import xla_flags
from tf_recipes.parity import comparison, references

PROGRAM = Path(__file__).with_name("replay_on_backend.py")
# Where the program finds what the tests share.
PATHS = [str(Path(__file__).parents[1] / "support"), os.environ.get("PYTHONPATH", "")]
NAMES = sorted(path.stem for path in references.trace_files())


def pytest_generate_tests(metafunc):
    if "backend" in metafunc.fixturenames:
        backends = metafunc.config.getoption("backend") or ["jax"]
        metafunc.parametrize("backend", backends, scope="module")


@pytest.fixture(scope="module")
def replayed(backend, request, tmp_path_factory):
    """`{"traces": {trace: its worst drift}, "optimizers": {case: distance}}` on the backend."""
    named = request.config.getoption("backend")  # then it must be there
    if not named and importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; Keras can do without it")
    path = tmp_path_factory.mktemp(backend) / "found.json"
    variables = {**xla_flags.on(backend), "JAX_ENABLE_X64": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, PROGRAM, path],
        env={**os.environ, **variables, "PYTHONPATH": os.pathsep.join(PATHS)},
        capture_output=True,
        text=True,
        timeout=limits.PROCESS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(path.read_text())
    assert found["backend"] == backend
    assert sorted(found["traces"]) == NAMES
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_exact_blocks_match_tf1(replayed, name):
    check(replayed["traces"][name])


def test_one_matches_tf1_without_compilation_too(replayed):
    check(replayed["eager"])


def check(found):
    assert found["finite"]
    assert found["ratio"] <= comparison.LIMIT, found


def test_the_optimizers_match_tf1_under_every_argument(replayed):
    """Checks it with rows of a table that a batch lacks, which have a gradient of zeros there."""
    assert replayed["optimizers"] == {}


def test_float32_products_are_set_and_restored(replayed, backend):
    before, within, after = replayed["products"]
    assert within == (["highest"] if backend == "jax" else ["highest", False, False])
    assert after == before != within
