"""Gives the recorded TF1 programs to the converter, and writes the code that it makes of them.

    python tests/support/whole_programs.py [NAME ...]

writes `tests/goldens/convert/whole/expected/NAME.py`, which the tests compare the code with.
"""

import dataclasses
import gzip
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

GOLDENS = Path(__file__).parents[1] / "goldens"
WHOLE, VERIFY = GOLDENS / "convert" / "whole", GOLDENS / "verify"
EXPECTED = WHOLE / "expected"
STEPS = 6  # training steps that a conversion compares
# Programs of which the predictions alone are converted, and why.
INFERENCE = {
    "clip_before_l2": "weight decay is added to clipped gradients",
    "dcgan_generator": "the sampler is another graph than the generator that is trained",
    "partitioned_net": "its variables are in parts",
    "vae": "the loss draws random numbers of its own",
    "word2vec_nce": "the loss draws other words in each step",
}
# Programs that are not converted, and the operation at fault.
REFUSED = {
    "custom_loop": "Exit ('settling/Exit_1', after 'settling/Switch_1' and before 'scores')",
}
# Programs whose recorded output is behind the tensor that the loss takes, and so must be named.
NAMED = ("keras_sequential",)


@dataclasses.dataclass(frozen=True)
class Program:
    """Holds a recorded program: its files and what TF 1.15.5 computed."""

    name: str
    folder: Path

    @property
    def batches(self):
        """Returns `{tensor: array (rows, …)}` that the program is fed."""
        return _arrays(self.folder / "batches.npz")

    @property
    def tf1(self):
        """Returns the recorded arrays; the docstring of the recorder lists them."""
        return _arrays(self.folder / "tf1.npz")

    def settings(self, tf1):
        """Returns the settings of the conversion."""
        names, feeds = (json.loads(str(tf1[key])) for key in ("names", "feeds"))
        given = {
            "outputs": names["outputs"] if self.name in NAMED else None,
            "feed": feeds["train"],
            "eval_feed": feeds["eval"],
            "feeds": self.batches,
            "steps": STEPS,
        }
        if self.name in INFERENCE:
            given |= {"inference": True, "outputs": names["outputs"]}
        return given

    def unpack(self, folder):
        """Writes the checkpoint to a folder; returns its prefix."""
        for path in self.folder.glob("model.ckpt*"):
            if path.suffix == ".gz":
                Path(folder, path.stem).write_bytes(gzip.decompress(path.read_bytes()))
            else:
                shutil.copy(path, folder)
        return Path(folder, "model.ckpt")


def programs():
    """Returns `{name: program}` of those that were recorded for the converter and for `verify`."""
    found = [path.parent for root in (WHOLE, VERIFY) for path in root.glob("*/tf1.npz")]
    return {path.name: Program(path.name, path) for path in sorted(found, key=lambda p: p.name)}


def converted(program, output_dir=None, **more):
    """Returns the conversion of a program, and the recorded arrays."""
    from tf_recipes.convert.conversion import convert

    tf1 = program.tf1
    with tempfile.TemporaryDirectory() as folder:
        prefix = program.unpack(folder)
        return convert(prefix, output_dir, **{**program.settings(tf1), **more}), tf1


def _arrays(path):
    with np.load(path) as file:
        return dict(file)


def main(names):
    """Writes the expected code of some programs, or of all."""
    EXPECTED.mkdir(exist_ok=True)
    for name, program in programs().items():
        if name in (names or programs()) and name not in REFUSED:
            try:
                done, _ = converted(program)
            except Exception as error:  # the others are written all the same
                print(f"{name}: {str(error)[:300]}")
                continue
            (EXPECTED / f"{name}.py").write_text(done.source, encoding="utf-8", newline="\n")
            print(f"{name}: {done}".partition("\n")[0])


if __name__ == "__main__":
    main(sys.argv[1:])
