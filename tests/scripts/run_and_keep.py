"""Runs a chapter's script as a user does, and keeps what its `measure` returned for the tests.

    python run_and_keep.py KEPT CONSTANTS SCRIPT [FLAG ...]

KEPT is a pickle of `(findings, lines)`: the `Findings`, and the lines on progress. So one training
serves the tests of the script and those of the measurement. CONSTANTS is JSON,
`{"module.NAME": value}`, of modules in `lab.chapters`: sizes that no flag sets, made smaller. The
nets train without XLA, which compiles for longer than these few steps take.
"""

import importlib
import json
import pickle
import runpy
import sys
from pathlib import Path


def keeping(measure, kept):
    """Returns `measure`, which also writes its findings and its lines to the file `kept`."""

    def measured(data, say, **settings):
        lines = []
        findings = measure(data, lambda text: (lines.append(text), say(text)), **settings)
        Path(kept).write_bytes(pickle.dumps((findings, lines)))
        return findings

    return measured


def set_constants(constants):
    """Sets the constants in the modules that define them, before another module copies them."""
    for path, value in constants.items():
        module, _, name = path.partition(".")
        owner = importlib.import_module(f"lab.chapters.{module}")
        assert hasattr(owner, name), f"{owner.__name__} has no {name}"
        setattr(owner, name, value)


if __name__ == "__main__":
    kept, constants, script, *_ = sys.argv[1:]
    sys.argv[:] = sys.argv[3:]
    sys.path.insert(0, str(Path(script).parent))
    set_constants({"nets.JIT_COMPILE": False, **json.loads(constants)})
    chapter = importlib.import_module(f"lab.chapters.{Path(script).stem}")
    chapter.measure = keeping(chapter.measure, kept)
    runpy.run_path(script, run_name="__main__")
