"""Runs the example of docs/verify.md, and keeps what its commands print for the pages.

    PYTHONPATH=scripts python -m lab.documentation.verify_example

writes docs/verify_example.json. Afterwards, python scripts/update_docs.py puts the outputs into the
pages, and a test runs the example again.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.documentation import pages

CLONE = Path(__file__).parents[3]
PAGE = CLONE / "docs" / "verify.md"
KEPT = CLONE / "docs" / "verify_example.json"
PARTS = ("wrong", "short", "json", "mended", "seconds wrong", "seconds mended")  # of `show`
_KEYS = ("passed", "verdict", "first_failure", "reasons")  # of the JSON, those that a mend needs


def run(folder, execute=subprocess.run):
    """Runs the example in a folder; returns `{run: {status, seconds, printed, document}}`.

    Args:
        folder: an empty folder, to which the files of the page are written.
        execute: runs a command as `subprocess.run` does.
    """
    blocks = pages.blocks(PAGE)
    port = next(block.code for block in blocks if block.title == "Keras 3")
    (folder / "program.py").write_text(next(block.code for block in blocks if block.tf1))
    (folder / "port.py").write_text(port)
    _execute(["program.py"], folder, execute)
    found = {"wrong": _verified(blocks, folder, execute)}
    (folder / "port.py").write_text(mended(port, blocks))
    return found | {"mended": _verified(blocks, folder, execute)}


def mended(port, blocks):
    """Returns the code of the port with the lines of the page's difference in place of the old."""
    (difference,) = [each.code for each in blocks if each.code.startswith("-")]
    lines = difference.splitlines()
    for old, new in zip(lines[::2], lines[1::2], strict=True):
        assert (old[0], new[0]) == ("-", "+") and port.count(old[1:]) == 1, old
        port = port.replace(old[1:], new[1:])
    return port


def _verified(blocks, folder, execute):
    """Runs the page's command, and returns what it printed and the JSON that it wrote."""
    command = next(b.code for b in blocks if b.code.startswith("tf-recipes verify"))
    arguments = shlex.split(command.replace("\\\n", " "))[1:]
    before = os.times()
    done = _execute(["-m", "tf_recipes", *arguments], folder, execute)
    after = os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    document = json.loads((folder / "verify.json").read_text())
    kept = {key: document[key] for key in _KEYS}
    return {
        "status": done.returncode,
        "seconds": round(cpu, 1),
        "printed": done.stdout,
        "document": kept,
    }


def _execute(arguments, folder, execute):
    """Runs Python in a folder, and refuses a command that could not do its work."""
    done = execute(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode not in (0, 1):
        raise ChildProcessError(f"{arguments}: {done.stderr}")
    return done


def without_numbers(text):
    """Returns a text without numbers and lines: they differ in their last digits by machine.

    >>> without_numbers("│ losses │ 0.175 │ 1.5e-05 % │")
    'losses # # %'
    """
    text = re.sub(r"(?<![\w.])\d+(?:\.\d+)*(?:e[+-]?\d+)?", "#", text)
    return " ".join(re.sub(r"[─-╿]", " ", text).split())


def show(what, kept=None):
    """Returns a part of what was kept, as Markdown.

    The parts are what a run printed (`wrong`, `mended`), how long it took (`seconds wrong`), the
    end of what the first run printed (`short`) and its JSON (`json`).

    Args:
        what: one of `PARTS`.
        kept: what `run` returned; None reads `docs/verify_example.json`.
    """
    kept = kept or json.loads(KEPT.read_text())
    wrong = kept["wrong"]
    if what.startswith("seconds"):
        return f"{kept[what.split()[1]]['seconds']:.0f} seconds"
    if what == "json":
        document = json.dumps(wrong["document"], indent=2, ensure_ascii=False)
        return f"```json\n{document}\n```"
    if what == "short":
        printed = "DIFFERS:" + wrong["printed"].partition("\nDIFFERS:")[2]
    else:
        printed = kept[what]["printed"]
    return f"```text\n{printed.rstrip()}\n```"


def main():
    """Runs the example, and writes what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        kept = run(Path(folder))
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
