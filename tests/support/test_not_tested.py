"""The last line of a run names what was not tested."""

import subprocess
import sys
from pathlib import Path

import pytest

import limits
import not_tested

TESTS = Path(__file__).parents[1]
SKIPPED = """
import pytest
def test_passes(): pass
def test_torch(): pytest.skip("torch is not installed; Keras can do without it")
@pytest.mark.parametrize("again", [1, 2])
def test_tf1(again): pytest.skip("no real TensorFlow 1.15: no Python 3.7")
@pytest.mark.skipif(True, reason="no /proc")
def test_proc(): pass
"""
CONFTEST = """
import sys
sys.path.insert(0, {support!r})
import not_tested
def pytest_terminal_summary(terminalreporter):
    not_tested.report(terminalreporter)
"""


@pytest.mark.parametrize("processes", ["0", "2"])
def test_it_stands_at_the_end_of_a_run_that_skipped_something(tmp_path, processes):
    (tmp_path / "test_some.py").write_text(SKIPPED)
    (tmp_path / "conftest.py").write_text(CONFTEST.format(support=str(TESTS / "support")))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", processes, "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=limits.PROCESS,
        check=True,
    )
    expected = (
        "not tested: no /proc, TF 1.15 (python scripts/create_tf1_environment.py), "
        "PyTorch (pip install 'tf_recipes[torch]')"
    )
    assert [each for each in done.stdout.splitlines() if "not tested" in each] == [expected]


def test_the_suite_prints_it():
    assert "not_tested.report(terminalreporter)" in (TESTS / "conftest.py").read_text()


def test_every_skip_of_the_suite_has_a_command():
    """A reason that names a package must be one that the line can translate."""
    for package in ("torch", "jax", "pandas", "scikit-learn"):
        assert "(" in not_tested.line([f"{package} is not installed"])
