"""The checkpoints of one directory: the newest few, and the newest that is whole."""

import dataclasses
import pathlib
import re

from tf_recipes._support import validation
from tf_recipes.training import checkpoint_file
from tf_recipes.training.checkpoint_file import Damaged

KEPT = 3
_NAME = re.compile(r"step-\d+\.ckpt")
FOLDER = "checkpoints"


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """All that training needs to go on.

    Args:
        step: int, steps of training so far.
        place: `[epoch, step of that epoch]`, both from 0.
        arrays: `{name: array}` of every variable, see `state.State`.
        history: `{metric: one figure per finished epoch}`.
        seconds: float, of training so far.
        identity: what is trained on what, see `identity.of`.
        surroundings: versions of libraries and the like, see `identity.surroundings`.
    """

    step: int
    place: list
    arrays: dict = dataclasses.field(repr=False)
    history: dict
    seconds: float
    identity: dict
    surroundings: dict

    @property
    def header(self):
        """All but the arrays."""
        return {key: value for key, value in vars(self).items() if key != "arrays"}


class Checkpoints:
    """The files `step-*.ckpt` in a directory.

    Args:
        folder: a `pathlib.Path`, which exists.
        say: function that prints one line.
    """

    def __init__(self, folder, say):
        self._folder, self._say = folder, say

    def paths(self):
        """The files, the newest first."""
        found = (path for path in self._folder.iterdir() if _NAME.fullmatch(path.name))
        return sorted(filter(pathlib.Path.is_file, found), key=_step, reverse=True)

    def save(self, checkpoint):
        """Writes a checkpoint, then drops the oldest ones; returns its path.

        Raises:
            OSError: if it cannot be written; then those before are as they were.
        """
        path = self._folder / f"step-{checkpoint.step:08d}.ckpt"
        try:
            checkpoint_file.write(path, checkpoint.header, checkpoint.arrays)
            self._drop(checkpoint.step)
        except OSError as error:
            raise OSError(
                f"The state after step {checkpoint.step} could not be saved to {path}: "
                f"{error.strerror}. What was saved before is whole. Make room there, then the "
                "same command goes on."
            ) from error
        return path

    def newest(self):
        """The newest `Checkpoint` that is whole, or None if there is none at all.

        Raises:
            ValueError: if there are some, and all are damaged.
        """
        found = self.paths()
        for k, path in enumerate(found, start=1):
            try:
                header, arrays = checkpoint_file.read(path)
                return _checkpoint(header, arrays)
            except Damaged as error:
                for older in found[k : k + 1]:
                    self._say(f"{path} {error}; going back to the one before, {older.name}")
        if found:
            validation.fail(
                "A checkpoint must be whole.",
                f"{len(found)} in {self._folder}, all damaged",
                "Put a copy in their place, or remove the directory to start over.",
            )
        return None

    def _drop(self, newest):
        """All but the newest few; one beyond the newest is damaged and was passed over."""
        good = [path for path in self.paths() if _step(path) <= newest]
        for path in {*self.paths()} - {*good[:KEPT]}:
            path.unlink()


def _checkpoint(header, arrays):
    if {*header, "arrays"} != {field.name for field in dataclasses.fields(Checkpoint)}:
        raise Damaged("has other fields than this version writes")
    return Checkpoint(arrays=arrays, **header)


def _step(path):
    return int(path.stem.removeprefix("step-"))
