"""Records TF1's signatures on real TensorFlow 1.15, in a process of its own."""

import json
import subprocess
from pathlib import Path

from lab.documentation.defaults import table
from tf_recipes._support import files
from tf_recipes.parity.tf1 import interpreter

PROGRAM = Path(__file__).with_name("tf1.py")


def record(python, names):
    """Runs `tf1.record` under TF 1.15, and returns its result.

    Args:
        python: an interpreter with TF 1.15.
        names: dotted names of TF1 callables.

    Raises:
        interpreter.TF1Error: if the run fails; the text ends with TF1's own last line.
    """
    completed = subprocess.run(
        # -I isolates: the modules beside the program cannot be imported under Python 3.7.
        [python, "-I", "-W", "ignore", PROGRAM],
        input=json.dumps(list(names)),
        env=interpreter.process_environment(TF_CPP_MIN_LOG_LEVEL="2"),
        capture_output=True,
        check=False,
        text=True,
        timeout=interpreter.TIMEOUT,
    )
    if completed.returncode:
        last = (completed.stderr.strip() or f"status {completed.returncode}").splitlines()[-1]
        raise interpreter.TF1Error(f"TensorFlow 1.15 failed under {python}: {last}")
    return json.loads(completed.stdout)


def write(python, path):
    """Records the signatures for the table of defaults, and writes them, all or none.

    Args:
        python: an interpreter with TF 1.15.
        path: the JSON file to write.

    Raises:
        interpreter.TF1Error: if the run fails.
        OSError: if the file cannot be written.
    """
    recorded = record(python, table.recorded_names())
    with files.replacing(path) as partial:
        partial.write_text(_lines(recorded))


def _lines(recorded):
    """Returns JSON with a line for each namespace and each name, so that a diff is readable."""
    parts = [f'"tensorflow": {json.dumps(recorded["tensorflow"])}']
    for key in ("public", "signatures"):
        lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in recorded[key].items())
        parts.append(f'"{key}": {{\n{lines}\n}}')
    return "{" + ",\n".join(parts) + "}\n"
