"""Keeps the newest checkpoints of a directory, and finds the newest undamaged one."""

import dataclasses
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes.training import checkpoint_file
from tf_recipes.training.checkpoint_file import Damaged

KEPT = 3  # checkpoints
_NAME = re.compile(r"step-\d+\.ckpt")
FOLDER, PATTERN = "checkpoints", "step-*.ckpt"


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """Holds all that training needs to continue.

    Args:
        step: int, the number of steps so far.
        place: `[epoch, step of that epoch]`, both from 0.
        arrays: `{name: array}` of every variable, see `variable_state.VariableState`.
        history: `{metric: a list with one figure per finished epoch}`.
        seconds: float, seconds of training so far.
        identity: the recipe, the port and the data, see `identity.describe`.
        surroundings: versions and the machine, see `identity.surroundings`.
    """

    step: int
    place: list[int]
    arrays: Mapping[str, NDArray[Any]] = dataclasses.field(repr=False)
    history: dict[str, list[float]]
    seconds: float
    identity: dict[str, Any]
    surroundings: dict[str, Any]

    @property
    def header(self) -> dict[str, Any]:
        """Returns all fields except the arrays."""
        return {key: value for key, value in vars(self).items() if key != "arrays"}


class Checkpoints:
    """Writes and reads the checkpoints `step-*.ckpt` of a directory.

    Args:
        folder: a `pathlib.Path` of a directory that exists.
        print_line: function that prints one line.
    """

    def __init__(self, folder: pathlib.Path, print_line: Callable[[str], object]) -> None:
        self._folder, self._print_line = folder, print_line

    def paths(self) -> list[pathlib.Path]:
        """Returns the paths of the checkpoints, the newest first."""
        named = (path for path in self._folder.iterdir() if _NAME.fullmatch(path.name))
        return sorted(filter(pathlib.Path.is_file, named), key=_step, reverse=True)

    def save(self, checkpoint: Checkpoint) -> pathlib.Path:
        """Writes a checkpoint, removes the oldest checkpoints and returns the new one's path.

        Raises:
            OSError: if the checkpoint cannot be written; earlier ones then stay unchanged.
        """
        path = self._folder / f"step-{checkpoint.step:08d}.ckpt"
        try:
            checkpoint_file.write(path, checkpoint.header, checkpoint.arrays)
            self._remove_old(checkpoint.step)
        except OSError as error:
            raise OSError(
                f"The state after step {checkpoint.step} could not be saved to {path}: "
                f"{error.strerror}. The earlier checkpoints are complete. Free some space there, "
                "then the same command goes on."
            ) from error
        return path

    def newest(self) -> Checkpoint | None:
        """Returns the newest undamaged `Checkpoint`, or None if the directory has no checkpoint.

        Raises:
            ValueError: if the directory has checkpoints, and all are damaged.
        """
        paths = self.paths()
        for k, path in enumerate(paths, start=1):
            try:
                header, arrays = checkpoint_file.read(path)
                return _checkpoint(header, arrays)
            except Damaged as error:
                for older in paths[k : k + 1]:
                    self._print_line(f"{path} {error}; going back to {older.name}")
        if paths:
            validation.fail(
                "At least one checkpoint must be undamaged.",
                f"{len(paths)} in {self._folder}, all damaged",
                "Put an undamaged copy there, or remove the directory to start again.",
            )
        return None

    def _remove_old(self, newest: int) -> None:
        """Removes all checkpoints except the newest `KEPT`.

        A checkpoint of a later step than `newest` is damaged, since training went back to an older
        one, and is removed, too.
        """
        good = [path for path in self.paths() if _step(path) <= newest]
        for path in {*self.paths()} - {*good[:KEPT]}:
            path.unlink()


def _checkpoint(header: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Checkpoint:
    if {*header, "arrays"} != {field.name for field in dataclasses.fields(Checkpoint)}:
        raise Damaged("does not have the fields that this version writes")
    return Checkpoint(arrays=arrays, **header)


def _step(path: pathlib.Path) -> int:
    return int(path.stem.removeprefix("step-"))
