"""Records TF1's signatures on real TensorFlow 1.15, in a process of its own."""

import json
from pathlib import Path

from lab.documentation.defaults import table
from lab.documentation.symbols import tf1_program
from tf_recipes._support import files

PROGRAM = Path(__file__).with_name("tf1.py")


def record(python, names):
    """Runs `tf1.record` under TF 1.15, and returns its result.

    Args:
        python: an interpreter with TF 1.15.
        names: dotted names of TF1 callables.

    Raises:
        interpreter.TF1Error: if the run fails; the text ends with TF1's own last line.
    """
    return tf1_program.run(python, PROGRAM, list(names))


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
