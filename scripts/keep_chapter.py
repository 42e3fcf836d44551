"""Measures chapters again, and keeps the results that the pages of docs/ show.

    python scripts/keep_chapter.py --chapters=transfer,features

Each chapter is measured by the command that docs/chapters.md names, in a process of its own, and
timed. The parts of its JSON that the pages need are written to docs/measured/chapters/NAME.json,
with the digests of its figures; the figures are written to docs/figures. Afterwards, python
scripts/update_docs.py puts them into the pages. Without --chapters all chapters are measured, one
after another.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

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
from tf_recipes.cli.output_files import check_output_directory

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

_CHAPTERS = flags.DEFINE_list("chapters", list(COMMANDS), "Chapters, by the names of the scripts.")
_DOCS = flags.DEFINE_string("docs", str(SCRIPTS.parent / "docs"), "Folder of the pages.")


def main():
    """Measures the chapters that the flag names."""
    for name in _CHAPTERS.value:
        validation.choice("chapters", name, COMMANDS)
    folders = [Path(_DOCS.value, each) for each in ("figures", "measured/chapters")]
    for folder in folders:
        check_output_directory("docs", str(folder))
    files.check_targets(folders[1], [f"{name}.json" for name in _CHAPTERS.value])
    for name in _CHAPTERS.value:
        with tempfile.TemporaryDirectory() as working_directory:
            _keep(name, Path(working_directory), *folders)


def _keep(name, working_directory, figures, measured):
    """Runs one command of `COMMANDS`, and keeps its figures and the reduced JSON."""
    script, *arguments = COMMANDS[name]
    began = time.perf_counter()
    _run([sys.executable, SCRIPTS.resolve() / f"{script}.py", *arguments], working_directory)
    seconds = round(time.perf_counter() - began, 1)
    out = working_directory / "out" / script
    kept = chapter_figures.reduce(json.loads((out / f"{script}.json").read_text()))
    # A second command of the same script has figures of the same names; they are not kept.
    drawn = sorted(out.glob("*.png")) if name == script else []
    contents = {path.name: path.read_bytes() for path in drawn}
    digests = {each: hashlib.sha256(content).hexdigest() for each, content in contents.items()}
    kept |= {"seconds": seconds, "figures": digests}
    files.write_together(figures, contents)
    text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
    files.write_together(measured, {f"{name}.json": text.encode()})
    print(f"{name}: kept, after {seconds:.0f} s", flush=True)


def _run(command, folder):
    """Runs a script in a folder, and raises `ChildProcessError` if the script fails."""
    finished = subprocess.run(command, cwd=folder, check=False)
    if finished.returncode:
        raise ChildProcessError(f"{command[1].name} ended with status {finished.returncode}.")


if __name__ == "__main__":
    application.run(main)
