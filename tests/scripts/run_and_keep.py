"""Runs a chapter's script as a user does, and keeps what its `measure` returned for the tests.

    python run_and_keep.py KEPT SCRIPT [FLAG ...]

KEPT is a pickle of `(findings, lines)`: the `Findings`, and the lines on progress. So one training
serves the tests of the script and those of the measurement.
"""

import importlib
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


if __name__ == "__main__":
    kept, script, *_ = sys.argv[1:]
    sys.argv[:] = sys.argv[2:]
    sys.path.insert(0, str(Path(script).parent))
    chapter = importlib.import_module(f"lab.chapters.{Path(script).stem}")
    chapter.measure = keeping(chapter.measure, kept)
    runpy.run_path(script, run_name="__main__")
