"""Starts a contestant in a process of its own, asks it, and sees to its end."""

import contextlib
import importlib.util
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.benchmark import registry
from tf_recipes.parity.tf1 import interpreter

SCRIPTS = Path(__file__).parents[2]
TIMEOUT = 1800  # seconds for one answer
LENT = (  # what TF1's worker reads besides the originals
    "lab/__init__.py",
    "lab/benchmark/__init__.py",
    "lab/benchmark/registry.py",
    "lab/benchmark/workload.py",
    "lab/benchmark/worker.py",
    "lab/benchmark/contestants/__init__.py",
    "lab/benchmark/contestants/session.py",
)


class WorkerError(RuntimeError):
    """A contestant cannot run or has died; the text says why."""


def missing(name, tf1_python=None):
    """Why the contestant cannot run here, with the way out; None where it can."""
    if name == "tf1":
        try:
            interpreter.check(tf1_python)
        except interpreter.TF1Error as error:
            return str(error)
        return None
    for library in registry.CONTESTANTS[name].libraries:
        if importlib.util.find_spec(library) is None:
            return f"{library} is not installed: pip install {library}."
    return None


def lend(folder):
    """Copies what TF1's worker reads of the benchmark into `folder`."""
    for name in LENT:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SCRIPTS / name, folder / name)


class Worker:
    """One contestant's process. Use it as a context: its end is the process' end.

    Args:
        name: the contestant's.
        tf1_python: TF 1.15's interpreter, or None for that of the default directory.

    Raises:
        WorkerError: if it cannot be started, or later if it dies or does not answer.
    """

    def __init__(self, name, tf1_python=None):
        self.name = name
        try:
            with contextlib.ExitStack() as stack:
                self._errors = stack.enter_context(tempfile.TemporaryFile())
                self._process = self._start(*self._interpreter(stack, tf1_python))
                self._stack = stack.pop_all()
        except (OSError, interpreter.TF1Error) as error:
            raise WorkerError(f"{name} cannot be started: {error}") from error

    def _start(self, python, environment):
        return subprocess.Popen(
            [python, "-W", "ignore", "-m", "lab.benchmark.worker", self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            start_new_session=True,  # Ctrl-C is for us to tell them
        )

    def _interpreter(self, stack, tf1_python):
        """The interpreter and its environment."""
        if self.name != "tf1":
            path = [str(SCRIPTS), *filter(None, [os.environ.get("PYTHONPATH")])]
            ours = {"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ}
            return sys.executable, {**ours, "PYTHONPATH": os.pathsep.join(path)}
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        interpreter.copy_originals(Path(folder))
        lend(Path(folder))
        python = tf1_python or interpreter.python_of(interpreter.default_directory())
        return python, interpreter.process_environment(PYTHONPATH=folder, TF_CPP_MIN_LOG_LEVEL="2")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        try:
            with contextlib.suppress(OSError):
                self._process.stdin.close()  # which it takes as the end
            if kind is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout=10)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._stack.close()

    def hello(self):
        """What the worker says once its library is imported: memory and versions."""
        return self._answer()

    def load(self, path):
        """Makes the contestant from the workload in that file."""
        return self._ask(f"load {path}")

    def train(self, epochs=1):
        """One timed pass: `seconds` of an epoch, `loss`, `memory`, `idle_cpu_seconds` before it."""
        return self._ask(f"pass {epochs}")

    def rest(self):
        """Waits until what still spins after a pass is in nobody's way."""
        self._ask("rest")

    def train_in_order(self):
        """One pass over the images as they lie."""
        return self._ask("ordered")

    def write_weights(self, path):
        """Writes the weights to `path`, an `.npz` with TF1's names."""
        self._ask(f"weights {path}")

    def _ask(self, request):
        try:
            self._process.stdin.write(f"{request}\n".encode())
            self._process.stdin.flush()
        except OSError:
            raise self._death() from None
        return self._answer()

    def _answer(self):
        if not select.select([self._process.stdout], [], [], TIMEOUT)[0]:
            raise WorkerError(f"{self.name} has not answered for {TIMEOUT} s.")
        line = self._process.stdout.readline()
        if not line:
            raise self._death()
        return json.loads(line)

    def _death(self):
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        said = lines[-1] if lines else "it said nothing"
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return WorkerError(f"{self.name} died ({how}): {said}")
