"""Writes and reads the files of a finished run: the model, the figure and the history."""

import json
import os
import pathlib
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tf_recipes._support import validation
from tf_recipes.training import checkpoint_file, identity, learning_curves
from tf_recipes.training.directory import PARTIAL

if TYPE_CHECKING:
    import keras

# The history is the last file, so that its existence proves that all files are complete.
FILES = ("model.keras", "learning_curves.png", "history.json")
LOGS = "tensorboard"


def write(model: "keras.Model", result: Mapping[str, Any], output_dir: pathlib.Path) -> None:
    """Writes all files or no file.

    The files are written to a temporary folder, then renamed, the history last. If the process is
    killed between two renames, the next call finds no history of this run and writes all again.

    Raises:
        OSError: if the files cannot be written; earlier files then stay unchanged.
    """
    try:
        _write(model, result, output_dir)
    except OSError as error:
        raise OSError(
            f"The results could not be written to {output_dir}: {error.strerror or error}. The "
            "checkpoints there are complete. Free some space, then the same command writes the "
            "results."
        ) from error


def _write(model: "keras.Model", result: Mapping[str, Any], output_dir: pathlib.Path) -> None:
    with tempfile.TemporaryDirectory(dir=output_dir, prefix=PARTIAL) as partial:
        model_path, curves_path, history_path = (pathlib.Path(partial, name) for name in FILES)
        model.save(model_path)
        learning_curves.plot(result, curves_path)
        history_path.write_text(json.dumps(result, indent=2) + "\n")
        for name in FILES:
            _sync(pathlib.Path(partial, name))
        for name in FILES:
            os.replace(pathlib.Path(partial, name), output_dir / name)
        checkpoint_file.sync_directory(output_dir)


def read(output_dir: pathlib.Path) -> dict[str, Any] | None:
    """Returns the `history.json` of a run that wrote all its files, or None."""
    try:
        result = json.loads((output_dir / FILES[-1]).read_text())
    except (OSError, ValueError):
        return None
    complete = isinstance(result, dict) and all((output_dir / name).is_file() for name in FILES)
    return result if complete else None


def is_result_of(result: Mapping[str, Any] | None, written_identity: Mapping[str, Any]) -> bool:
    """Says whether `result` is not None and has all entries of `written_identity`."""
    return result is not None and _part(result, written_identity) == written_identity


def check(
    result: Mapping[str, Any],
    written_identity: Mapping[str, Any],
    epochs: int,
    output_dir: str | os.PathLike[str],
) -> None:
    """Checks the results in a directory without checkpoints: they must be of the same training.

    Raises:
        ValueError: if the results are of another training, or of another number of epochs.
    """
    identity.check(_part(result, written_identity), written_identity, output_dir)
    if result.get("epochs") != epochs:
        validation.fail(
            "A finished run without its checkpoints cannot go on.",
            f"output_dir={str(output_dir)!r} with {result.get('epochs')} epochs, epochs={epochs}",
            "Pass another directory, output_dir='DIR', or remove this one.",
        )


def _part(result: Mapping[str, Any], written_identity: Mapping[str, Any]) -> dict[str, Any]:
    return {key: result.get(key) for key in written_identity}


def _sync(path: pathlib.Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
