"""A copy of the fork server behaves as a new Python does, bit for bit."""

import os
import signal
import subprocess
import sys

import pytest

import limits
import new_python

SHOW = """
import os, sys
import __main__
print(sys.argv, sys.path[0], __name__, __main__ is sys.modules["__main__"], os.getcwd())
print(sys.orig_argv[1:], os.environ["SHOWN"], len(os.environ))
print(repr(sys.stdin.read()), sys.stdout.isatty(), sys.stdout.seekable(), sys.stdout.encoding)
"""
# Sums whose bits depend on how TensorFlow adds.
PRODUCT = """
import hashlib
from tf_recipes._support.quiet_tensorflow import import_tensorflow
tf = import_tensorflow({arguments})
import keras
print(tf.__name__)
keras.utils.set_random_seed(1)
x, w = keras.random.normal((50, 784)), keras.random.normal((784, 100))
print(hashlib.sha256((tf.nn.elu(x @ w) @ tf.transpose(w)).numpy().tobytes()).hexdigest())
"""


def both(arguments, **options):
    """Runs a command in a new Python and in a copy; returns what each left."""
    command = [sys.executable, *arguments]
    copied = new_python.run(command, text=True, timeout=limits.PROCESS, **options)
    options.pop("variables", None)
    new = subprocess.run(command, text=True, timeout=limits.PROCESS, check=False, **options)
    return new, copied


@pytest.mark.parametrize("how", ["script", "-c"])
def test_a_copy_sees_what_a_new_process_sees(tmp_path, how):
    (tmp_path / "show.py").write_text(SHOW)
    first = ["show.py"] if how == "script" else ["-c", SHOW]
    env = {**os.environ, "SHOWN": "a b\udcff"}
    options = {"cwd": tmp_path, "env": env, "input": "ab\nc", "capture_output": True}
    new, copied = both([*first, "--flag", "a b"], errors="surrogateescape", **options)
    assert (copied.returncode, copied.stderr) == (0, "")
    assert copied.stdout == new.stdout


def test_a_copy_has_imported_no_module_of_this_project_and_starts_no_gpu_search():
    code = (
        "import sys; from absl import app\n"
        "print({n for n in sys.modules if n.partition('.')[0] in ('tf_recipes', 'lab')})\n"
        "print(len(app._init_callbacks))"
    )
    done = new_python.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "set()\n0\n", done.stderr


ENDS = {
    "returns": "print('x')",
    "exits": "import sys; sys.exit(3)",
    "exits with a text": "import sys; sys.exit('bye')",
    "raises": "def f():\n    1 / 0\nprint('x')\nf()",
    "is interrupted": "raise KeyboardInterrupt",
    "is killed": "import os; os.kill(os.getpid(), 9)",
    "exits at once": "import os; print('lost'); os._exit(7)",
    "cannot be compiled": "1 +",
    "has something to do at its end": "import atexit; atexit.register(print, 'end')",
    "has a thread": "import threading, time\n"
    "threading.Thread(target=lambda: (time.sleep(0.1), print('late'))).start()",
}


@pytest.mark.parametrize("code", ENDS.values(), ids=ENDS)
def test_a_copy_ends_as_a_new_process_ends(code):
    new, copied = both(["-c", code], capture_output=True)
    assert copied.returncode == new.returncode
    assert (copied.stdout, copied.stderr) == (new.stdout, new.stderr)


def test_a_module_runs_as_main(tmp_path):
    (tmp_path / "some.py").write_text("import sys; print(__name__, sys.argv[1:], sys.path[0])")
    new, copied = both(["-m", "some", "word"], cwd=tmp_path, capture_output=True)
    assert new.stdout == copied.stdout != ""


def test_it_can_be_waited_for_signalled_and_killed():
    code = "import time\nprint('begun', flush=True)\ntime.sleep(999)"
    for number, status in ((signal.SIGINT, -2), (signal.SIGTERM, -15), (signal.SIGKILL, -9)):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        with new_python.Popen([sys.executable, "-c", code], text=True, **pipes) as running:
            assert running.copied
            assert running.stdout.readline() == "begun\n"
            assert running.poll() is None
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(0.01)
            running.send_signal(number)
            assert running.wait(limits.PROCESS) == running.poll() == status


def test_a_reader_that_has_gone_ends_a_copy_as_it_ends_a_new_process():
    found = []
    for kind in (subprocess.Popen, new_python.Popen):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-c", "import sys; sys.stdin.read(); print('x')"]
        with kind(command, stdin=subprocess.PIPE, **pipes) as running:
            running.stdout.close()
            running.stdin.close()
            found.append((running.stderr.read(), running.wait(limits.PROCESS)))
    assert found[0] == found[1] and found[0][1] != 0


def test_a_copy_starts_another_as_a_new_process(tmp_path):
    (tmp_path / "again.py").write_text(
        "import os, sys\nprint(sys.argv[1:], flush=True)\n"
        "if len(sys.argv) < 3: os.execv(sys.executable, [*sys.orig_argv, 'again'])\n"
    )
    _, copied = both([tmp_path / "again.py", "word"], capture_output=True)
    assert copied.stdout == "['word']\n['word', 'again']\n"


@pytest.mark.parametrize(
    ("arguments", "variables"), [("", {}), ("as_tf1_adds=True", new_python.AS_TF1_ADDS)]
)
def test_tensorflow_starts_without_a_word_and_sums_have_the_bits_of_a_new_process(
    arguments, variables
):
    code = PRODUCT.format(arguments=arguments)
    new, copied = both(["-c", code], capture_output=True, variables=variables)
    assert (new.returncode, new.stderr, copied.stderr) == (0, "", "")
    assert copied.stdout == new.stdout
    assert new.stdout.startswith("tensorflow\n")


def test_a_variable_that_comes_too_late_is_an_error():
    done = new_python.run(
        [sys.executable, "-c", PRODUCT.format(arguments="as_tf1_adds=True")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "comes too late" in done.stderr


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (["sh", "-c", "exit 5"], {}),
        ([sys.executable, "-W", "ignore", "-c", "raise SystemExit(5)"], {}),
        ([sys.executable, "-c", "raise SystemExit(5)"], {"env": {"PYTHONPATH": "/elsewhere"}}),
        ([sys.executable, "-c", "raise SystemExit(5)"], {"preexec_fn": os.getpid}),
    ],
)
def test_what_a_copy_cannot_be_is_a_new_process(command, options):
    with new_python.Popen(command, **options) as running:
        assert not running.copied
        assert running.wait(limits.PROCESS) == running.poll() == 5


def test_a_variable_that_says_what_is_usual_needs_no_new_process():
    code = "import os; print(os.environ['KERAS_BACKEND'])"
    env = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    pipes = {"stdout": subprocess.PIPE, "text": True}
    with new_python.Popen([sys.executable, "-c", code], env=env, **pipes) as running:
        assert running.copied
        assert running.stdout.read() == "tensorflow\n"


def test_random_numbers_of_two_copies_differ():
    code = "import random, numpy; print(random.random(), numpy.random.random())"
    first, second = (
        new_python.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
        for _ in range(2)
    )
    assert first[0] != second[0] and first[1] != second[1]


def test_run_checks_the_status_and_kills_what_takes_too_long():
    with pytest.raises(subprocess.CalledProcessError):
        new_python.run([sys.executable, "-c", "raise SystemExit(1)"], check=True)
    with pytest.raises(subprocess.TimeoutExpired):
        new_python.run([sys.executable, "-c", "import time; time.sleep(999)"], timeout=0.2)


RESTARTED = """
import os, sys, time
count = int(os.environ.get("COUNT", "0"))
print(count, sys.argv, flush=True)
if count < 2:
    os.environ["COUNT"] = str(count + 1)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
if sys.argv[1] == "end":
    sys.exit(7)
print("waits", flush=True)
time.sleep(1000)
"""


@pytest.fixture
def restarted():
    """`restarted(argument)` starts a program that restarts itself twice, and reads its lines."""

    def start(argument):
        command = [sys.executable, "-c", RESTARTED, argument]
        process = new_python.Popen(command, restarts=True, stdout=subprocess.PIPE, text=True)
        assert process.copied
        for count in range(3):
            assert process.stdout.readline() == f"{count} ['-c', {argument!r}]\n"
        return process

    return start


def test_a_program_that_restarts_itself_becomes_another_copy(restarted):
    with restarted("end") as process:
        assert process.wait(limits.EVENT) == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_reaches_the_copy_that_runs_now(restarted, number):
    with restarted("wait") as process:
        assert process.stdout.readline() == "waits\n"
        process.send_signal(number)
        status = process.wait(limits.EVENT)
        # Python ends with 1 after KeyboardInterrupt where it does not end by the signal itself
        assert status in ((1, -number) if number == signal.SIGINT else (-number,))
        assert process.stdout.read() == ""  # the copy is gone, too: it held the pipe


CHILDREN = """
import os, subprocess, sys
sys.path.insert(0, sys.argv[1])  # as for a script: what this process has, its own may lack
shown = "import os, sys, some; print('tensorflow' in sys.modules, some.NAME); sys.exit(3)"
command = [sys.executable, "-W", "ignore", "-c", shown]
env = {**os.environ, "PYTHONPATH": sys.argv[1]}
print(subprocess.run(command, env=env, check=False, capture_output=True, text=True))
"""


@pytest.mark.parametrize("children", [True, False])
def test_the_processes_of_a_copy_are_copies_where_a_test_says_so(tmp_path, children):
    (tmp_path / "some.py").write_text("NAME = 'some'")
    command = [sys.executable, "-c", CHILDREN, tmp_path]
    done = new_python.run(command, children=children, capture_output=True, text=True)
    assert f"returncode=3, stdout='{children} some\\n', stderr=''" in done.stdout, done.stderr
