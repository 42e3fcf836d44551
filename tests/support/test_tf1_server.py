"""Tests that a copy of the server does what a new process of TF 1.15's interpreter does."""

import os
import subprocess
import time
from pathlib import Path

import pytest

import limits
import tf1_server
from tf_recipes.parity.tf1 import interpreter

REPORT = """
import json, os, sys
import tensorflow as tf
with tf.compat.v1.Session() as sess:
    print(sess.run(tf.constant(40) + 2), tf.__version__)
print(sys.argv, __name__, os.environ["GIVEN"], sys.stdin.read(), os.getcwd())
print("to stderr", file=sys.stderr)
print({each: each in sys.path for each in json.loads(os.environ["ASKED"])})
"""


@pytest.fixture
def run(tf1_python, tmp_path):
    """Runs `python *arguments` as a copy; returns the completed process."""

    def run_python(*arguments, **variables):
        return subprocess.run(
            [tf1_python, *arguments],
            cwd=tmp_path,
            env=interpreter.process_environment(**variables),
            input="given",
            capture_output=True,
            text=True,
            timeout=limits.PROCESS,
            check=False,
        )

    return run_python


@pytest.mark.parametrize("kind", ["-c", "-m", "script"])
def test_it_has_its_arguments_environment_directory_and_streams(run, tmp_path, kind):
    (tmp_path / "program.py").write_text(REPORT)
    first = {"-c": ["-c", REPORT], "-m": ["-m", "program"], "script": ["program.py"]}[kind]
    asked = f'["", "{tmp_path}", "/of/path"]'
    done = run(
        "-W", "ignore", *first, "x", "y z", GIVEN="v", ASKED=asked, PYTHONPATH="/of/path",
        TF_CPP_MIN_LOG_LEVEL="2",
    )  # fmt: skip
    name = {"-c": "-c", "-m": f"{tmp_path}/program.py", "script": "program.py"}[kind]
    assert done.stdout.splitlines() == [
        "42 1.15.5",
        f"{[name, 'x', 'y z']} __main__ v given {tmp_path}",
        str({"": kind == "-c", str(tmp_path): kind != "-c", "/of/path": True}),
    ]
    assert (done.returncode, done.stderr) == (0, "to stderr\n")


def test_isolated_it_has_no_path_of_its_own(run):
    code = "import sys; print('' in sys.path, '/of/path' in sys.path)"
    assert run("-I", "-W", "ignore", "-c", code, PYTHONPATH="/of/path").stdout == "False False\n"


def test_it_ends_as_a_new_process_ends(run):
    ends = {"sys.exit(3)": 3, "sys.exit()": 0, "os.kill(os.getpid(), 9)": -9, "1 / 0": 1}
    for code, status in ends.items():
        done = run("-W", "ignore", "-c", f"import os, sys\n{code}")
        assert done.returncode == status
    assert done.stderr == (
        'Traceback (most recent call last):\n  File "<string>", line 2, in <module>\n'
        "ZeroDivisionError: division by zero\n"
    )
    assert run("-W", "ignore", "-c", "import sys; sys.exit('why')").stderr == "why\n"


def test_a_copy_ends_with_whoever_asked_for_it(tf1_python):
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(900)"
    with subprocess.Popen(
        [tf1_python, "-W", "ignore", "-c", code],
        env=interpreter.process_environment(),
        stdout=subprocess.PIPE,
    ) as process:
        copy = Path("/proc", process.stdout.readline().decode().strip())
        assert copy.exists()
        process.kill()
    deadline = time.monotonic() + limits.EVENT
    while copy.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_read_at_the_start_needs_a_new_process(run):
    """A new process has not imported TensorFlow; the server's copies have."""
    code = "import sys; print('tensorflow' in sys.modules)"
    assert run("-W", "ignore", "-c", code).stdout == "True\n"
    assert run("-W", "ignore", "-c", code, TF2_BEHAVIOR="0").stdout == "True\n"
    for name, value in (("TF2_BEHAVIOR", "1"), ("TF_ENABLE_AUTO", "1"), ("PYTHONHASHSEED", "1")):
        assert run("-W", "ignore", "-c", code, **{name: value}).stdout == "False\n"
    assert run("-W", "error", "-c", code).stdout == run("-c", code).stdout == "False\n"


def test_an_interpreter_without_tensorflow_has_no_version(tmp_path):
    server = tf1_server.Server("/bin/true", tmp_path, dict(os.environ))
    assert not server.version.startswith("1.15.")
    server.close()
