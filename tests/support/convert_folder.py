"""Converts each checkpoint of a folder, and compares the predictions with recorded ones.

    python tests/support/convert_folder.py FOLDER

`FOLDER/NAME/` has a checkpoint `model.ckpt`, `manifest.json` with the names of `outputs` and
`inputs` (`name` and `role`: an input, or a setting such as `keep probability: 1`), and `eval.npz`
with `in/TENSOR` and `out/TENSOR`. Prints a row for each checkpoint: the largest distance of an
output, relative to the largest entry of at least 1, and seconds; ends with status 1 where an output
is further away than 1e-5 or a checkpoint is not converted.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

CLOSE = 1e-5


def distance(folder):
    """Returns how far the outputs of a converted checkpoint are from the recorded ones."""
    import keras

    from tf_recipes.convert.conversion import convert

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    with np.load(folder / "eval.npz") as file:
        arrays = dict(file)
    inputs = [each["name"] for each in manifest["inputs"] if "input" in each["role"]]
    settings = {
        each["name"]: (0.5, 1.0)
        for each in manifest["inputs"]
        if each["role"].startswith("keep probability")
    }
    done = convert(
        folder / "model.ckpt",
        inputs=inputs,
        outputs=manifest["outputs"],
        feed={name: training for name, (training, _) in settings.items()},
        eval_feed={name: evaluation for name, (_, evaluation) in settings.items()},
        inference=True,
    )
    rows = [arrays[f"in/{name}"] for name in inputs]
    found = keras.tree.flatten(done.model(rows if len(rows) > 1 else rows[0], training=False))
    away = []
    for name, value in zip(manifest["outputs"], found, strict=True):
        expected = arrays[f"out/{name}"]
        largest = max(1.0, float(np.abs(expected).max(initial=0.0)))
        away.append(float(np.abs(np.asarray(value) - expected).max(initial=0.0)) / largest)
    return max(away), done.document["passed"]


def main(folder):
    """Prints the table; returns the number of checkpoints that are not converted."""

    failed, folders = 0, sorted(path.parent for path in Path(folder).glob("*/manifest.json"))
    for each in folders:
        start = time.perf_counter()
        try:
            away, passed = distance(each)
            good = away <= CLOSE and passed
            text = f"{away:.1e}{'' if good else ' differs'}"
        except ValueError as error:
            good, text = False, f"refused: {error}"
        failed += not good
        print(f"{each.name:24}{time.perf_counter() - start:6.1f} s  {text}", flush=True)
    print(f"{len(folders) - failed} of {len(folders)} converted, outputs within {CLOSE:g}")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1]) else 0)
