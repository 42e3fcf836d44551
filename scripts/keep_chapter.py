"""Measures chapters of the document anew, and keeps what the pages of docs/ show of them.

    python scripts/keep_chapter.py --chapters=transfer,features

Each runs as docs/chapters.md names it, in a process of its own, and is timed. What the pages need
of its JSON is written to docs/measured/NAME.json, with the digests of its figures, which go to
docs/figures. Then python scripts/update_docs.py puts it into the pages. Without --chapters all are
run, one after another.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from absl import flags

from lab.documentation import chapter_figures
from tf_recipes._support import files, validation
from tf_recipes.cli import application

SCRIPTS = Path(__file__).parent
COMMANDS = {
    "depth_vs_width": ["depth_vs_width"],
    "diagnose": ["diagnose"],
    "watch_gradients": ["watch_gradients", "--recipe=best_practice", "--interval=50"],
    "monitor_costs": ["watch_gradients", "--rounds=7"],
    "transfer": ["transfer"],
    "features": ["features"],
    "compare_optimizers": ["compare_optimizers"],
    "learning_rate": ["learning_rate"],
    "augment": ["augment"],
    "monte_carlo_dropout": ["monte_carlo_dropout"],
}

_CHAPTERS = flags.DEFINE_list("chapters", list(COMMANDS), "Which, by the names of their scripts.")
_DOCS = flags.DEFINE_string("docs", str(SCRIPTS.parent / "docs"), "The folder of the pages.")


def main():
    for name in _CHAPTERS.value or [""]:
        validation.choice("chapters", name, COMMANDS)
    folders = [Path(_DOCS.value, each) for each in ("figures", "measured")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    for name in _CHAPTERS.value:
        with tempfile.TemporaryDirectory() as elsewhere:
            _keep(name, Path(elsewhere), *folders)


def _keep(name, elsewhere, figures, measured):
    script, *arguments = COMMANDS[name]
    began = time.perf_counter()
    _run([sys.executable, SCRIPTS.resolve() / f"{script}.py", *arguments], elsewhere)
    seconds = round(time.perf_counter() - began, 1)
    out = elsewhere / "out" / script
    kept = chapter_figures.reduce(json.loads((out / f"{script}.json").read_text()))
    # The second command of one script would draw the first one's figures anew.
    drawn = sorted(out.glob("*.png")) if name == script else []
    contents = {path.name: path.read_bytes() for path in drawn}
    digests = {each: hashlib.sha256(content).hexdigest() for each, content in contents.items()}
    kept |= {"seconds": seconds, "figures": digests}
    files.write_together(figures, contents)
    text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
    files.write_together(measured, {f"{name}.json": text.encode()})
    print(f"{name}: kept, after {seconds:.0f} s", flush=True)


def _run(command, folder):
    done = subprocess.run(command, cwd=folder, check=False)
    if done.returncode:
        raise ChildProcessError(f"{command[1].name} ended with status {done.returncode}.")


if __name__ == "__main__":
    application.run(main)
