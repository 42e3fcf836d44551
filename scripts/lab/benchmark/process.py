"""Starts a contestant in a process of its own, sends it requests, and ends the process."""

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
TF1_FILES = (  # files that the worker under TF 1.15 imports, besides the originals
    "lab/__init__.py",
    "lab/benchmark/__init__.py",
    "lab/benchmark/registry.py",
    "lab/benchmark/workload.py",
    "lab/benchmark/worker.py",
    "lab/benchmark/contestants/__init__.py",
    "lab/benchmark/contestants/session.py",
)


class WorkerError(RuntimeError):
    """Says that a contestant cannot run or has died, and why."""


def missing(name, tf1_python=None):
    """Returns why the contestant cannot run here, with a remedy; None if it can run."""
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


def copy_tf1_files(folder):
    """Copies the files of the benchmark that the worker under TF 1.15 imports into `folder`."""
    for name in TF1_FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SCRIPTS / name, folder / name)


class Worker:
    """Runs one contestant's process, as a context manager; the process ends with the context.

    Args:
        name: name of the contestant.
        tf1_python: interpreter of TF 1.15; None for the one in the default directory.

    Raises:
        WorkerError: if the process cannot be started; from every method, if it dies or does not
            answer.
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
        """Starts the process."""
        return subprocess.Popen(
            [python, "-W", "ignore", "-m", "lab.benchmark.worker", self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            start_new_session=True,  # Ctrl-C reaches only this process, which ends the workers
        )

    def _interpreter(self, stack, tf1_python):
        """Returns the interpreter and its environment variables."""
        if self.name != "tf1":
            path = [str(SCRIPTS), *filter(None, [os.environ.get("PYTHONPATH")])]
            ours = {"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ, **registry.variables(self.name)}
            return sys.executable, {**ours, "PYTHONPATH": os.pathsep.join(path)}
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        interpreter.copy_originals(Path(folder))
        copy_tf1_files(Path(folder))
        python = tf1_python or interpreter.python_of(interpreter.default_directory())
        return python, interpreter.process_environment(PYTHONPATH=folder, TF_CPP_MIN_LOG_LEVEL="2")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        try:
            with contextlib.suppress(OSError):
                self._process.stdin.close()  # the worker ends with its input
            if kind is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout=10)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._stack.close()

    def hello(self):
        """Returns memory and versions, which the worker reports after importing its library."""
        return self._answer()

    def load(self, path):
        """Makes the contestant from the workload in the file; returns its note."""
        return self._ask(f"load {path}")

    def train(self, epochs=1):
        """Trains one timed pass of `epochs` epochs.

        Returns:
            A dict: `seconds` of an epoch; `loss`; `memory`; `idle_cpu_seconds`, the CPU time
            between the last answer and this request.
        """
        return self._ask(f"pass {epochs}")

    def rest(self):
        """Waits until the library's threads, which spin after a pass, are idle."""
        self._ask("rest")

    def train_in_order(self):
        """Trains one epoch on the images in their given order."""
        return self._ask("ordered")

    def write_weights(self, path):
        """Makes the worker write its weights to `path`, an `.npz` with TF1's names."""
        self._ask(f"weights {path}")

    def _ask(self, request):
        """Sends a request, and returns the answer."""
        try:
            self._process.stdin.write(f"{request}\n".encode())
            self._process.stdin.flush()
        except OSError:
            raise self._death() from None
        return self._answer()

    def _answer(self):
        """Waits for an answer, and returns it as a dict."""
        if not select.select([self._process.stdout], [], [], TIMEOUT)[0]:
            raise WorkerError(f"{self.name} has not answered for {TIMEOUT} s.")
        line = self._process.stdout.readline()
        if not line:
            raise self._death()
        return json.loads(line)

    def _death(self):
        """Returns the `WorkerError` of a process that has ended, with its last line of errors."""
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        last = lines[-1] if lines else "it printed no error"
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return WorkerError(f"{self.name} died ({how}): {last}")
