"""Runs the example of docs/convert.md, and keeps what its commands print for the pages.

    PYTHONPATH=scripts python -m lab.documentation.convert_example

writes docs/convert_example.json. Afterwards, python scripts/update_docs.py puts the outputs into
the pages, and a test runs the example again.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.documentation import pages

CLONE = Path(__file__).parents[3]
PAGE = CLONE / "docs" / "convert.md"
KEPT = CLONE / "docs" / "convert_example.json"
PARTS = ("printed", "short", "code", "seconds")  # of `show`


def run(folder, execute=subprocess.run):
    """Runs the example in a folder; returns `{status, seconds, printed, code, fit, document}`.

    Args:
        folder: an empty folder, to which the files of the page are written.
        execute: runs a command as `subprocess.run` does.
    """
    blocks = pages.blocks(PAGE)
    (folder / "program.py").write_text(next(block.code for block in blocks if block.tf1))
    _execute(["program.py"], folder, execute)
    command = next(b.code for b in blocks if b.code.startswith("tf-recipes convert"))
    arguments = shlex.split(command.replace("\\\n", " "))[1:]
    before = os.times()
    done = _execute(["-m", "tf_recipes", *arguments], folder, execute)
    after = os.times()
    (folder / "go_on.py").write_text(next(b.code for b in blocks if b.title == "Keras 3"))
    return {
        "status": done.returncode,
        "seconds": round(sum(after[2:4]) - sum(before[2:4]), 1),
        "printed": done.stdout,
        "code": (folder / "converted" / "model.py").read_text(),
        "fit": _execute(["go_on.py"], folder, execute).stdout,
    }


def _execute(arguments, folder, execute):
    """Runs Python in a folder, and refuses a command that could not do its work."""
    done = execute(
        [sys.executable, *arguments], cwd=folder, check=False, capture_output=True, text=True
    )
    if done.returncode not in (0, 1):
        raise ChildProcessError(f"{arguments}: {done.stderr}")
    return done


def show(what, kept=None):
    """Returns a part of what was kept, as Markdown.

    Args:
        what: one of `PARTS`; `short` is the end of what the command printed.
        kept: what `run` returned; None reads `docs/convert_example.json`.
    """
    kept = kept or json.loads(KEPT.read_text())
    if what == "seconds":
        return f"{kept['seconds']:.0f} seconds"
    if what == "code":
        return f"```python\n{kept['code'].rstrip()}\n```"
    text = kept["printed"]
    if what == "short":
        text = "\n".join(text.rstrip().splitlines()[-2:])
    return f"```text\n{text.rstrip()}\n```"


def main():
    """Runs the example, and writes what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        kept = run(Path(folder))
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
