"""Runs scripts in copies of a Python process in which TensorFlow and Keras cannot be imported.

A new Python and its imports take half a second, a copy some milliseconds. This program imports what
the scripts import before they refuse a flag. Then it forks itself for each line of its input, JSON
`{"arguments": [script, ...], "cwd": folder}`, and answers with the copy's `[status, out, errors]`.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

STUBS = ("tensorflow", "keras")
IMPORTED = (
    "numpy",
    "lab.benchmark.benchmark_command",
    "lab.chapters.chapter_command",
    "lab.documentation.chapter_figures",
    "tf_recipes.cli.main",
    "tf_recipes.cli.migration_check",
    "tf_recipes.cli.trace_recording",
    "tf_recipes.cli.train_command",
    "tf_recipes.parity.tf1.interpreter",
)


class Scripts:
    """Runs this program, until `close`.

    Args:
        folder: an empty directory, which gets the stubs.
    """

    def __init__(self, folder):
        for name in STUBS:
            Path(folder, f"{name}.py").write_text(f"raise RuntimeError('{name} was imported')\n")
        own = [path for path in sys.path if path]  # `pythonpath` of pyproject.toml, too
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *own])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments, cwd):
        """Returns the status, the output and the errors of `python *arguments`."""
        request = {"arguments": list(map(str, arguments)), "cwd": str(cwd)}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self):
        """Ends this program."""
        self._process.communicate()


def _answer(request):
    import fork_server  # beside this file, and imports no TensorFlow

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        pid = os.fork()
        if pid == 0:
            os.chdir(request["cwd"])
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number, file in enumerate((out, errors), start=1):
                os.dup2(file.fileno(), number)
            sys.orig_argv = [sys.executable, *request["arguments"]]
            sys.excepthook = fork_server.without_this_file
            fork_server.end(request["arguments"])
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        texts = []
        for file in (out, errors):
            file.seek(0)
            texts.append(file.read().decode())
        return [status, *texts]


if __name__ == "__main__":
    for name in (*IMPORTED, "fork_server"):
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)
