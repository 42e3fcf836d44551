"""Writes and reads the files of a finished run: the model, the figure and the history."""

import hashlib
import json
import os
import pathlib
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tf_recipes._support import files, validation
from tf_recipes.training import checkpoint_file, checkpoints, identity, learning_curves
from tf_recipes.training.directory import PARTIAL, PathLike

if TYPE_CHECKING:
    import keras

FILES = ("model.keras", "learning_curves.png", "history.json")
LOGS = "tensorboard"
# The SHA-256 of each of `FILES`, in the form of the command `sha256sum`. It is the last file that
# is written, so that `FILES` are complete, and training's own, where they have these digests.
DIGESTS = "results.sha256"


def write(model: "keras.Model", result: Mapping[str, Any], output_dir: pathlib.Path) -> None:
    """Writes all files or no file.

    The files are written to a temporary folder, then renamed, `DIGESTS` last. If the process is
    killed between two renames, the digests are wrong, and the next call writes all again.

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
        digests = (f"{_digest(pathlib.Path(partial, name))}  {name}\n" for name in FILES)
        pathlib.Path(partial, DIGESTS).write_text("".join(digests))
        for name in (*FILES, DIGESTS):
            _sync(pathlib.Path(partial, name))
        for name in (*FILES, DIGESTS):
            os.replace(pathlib.Path(partial, name), output_dir / name)
        checkpoint_file.sync_directory(output_dir)


def read(output_dir: pathlib.Path) -> dict[str, Any] | None:
    """Returns the `history.json` of a run if all its files are as they were written, or None."""
    try:
        if changed(output_dir):
            return None
        return json.loads((output_dir / FILES[-1]).read_text())
    except (OSError, ValueError):
        return None


def changed(output_dir: pathlib.Path) -> list[str]:
    """Returns the names in `FILES` of the files that are missing or not as they were written."""
    try:
        lines = (output_dir / DIGESTS).read_text().splitlines()
    except (OSError, ValueError):
        lines = []
    return [
        name
        for name in FILES
        if not (output_dir / name).is_file() or f"{_digest(output_dir / name)}  {name}" not in lines
    ]


def check_ours(output_dir: PathLike) -> None:
    """Checks that training replaces no file that it did not write.

    In a directory with checkpoints, the names of `FILES` are training's own.

    Raises:
        ValueError: if a directory without checkpoints has one of `FILES`, or logs, and they are not
            the results of a training as they were written.
        OSError: if something else than a file has the name of a file.
    """
    path = pathlib.Path(output_dir)
    files.check_targets(path, (*FILES, DIGESTS))
    if (path / LOGS).exists() and not (path / LOGS).is_dir():
        raise NotADirectoryError(
            f"The logs need a directory. Received: {str(path / LOGS)!r}, which is a file. "
            "Move that file, or pass another directory, output_dir='DIR'."
        )
    if (path / checkpoints.FOLDER).is_dir() and any(
        (path / checkpoints.FOLDER).glob(checkpoints.PATTERN)
    ):
        return
    foreign = changed(path)
    found = [name for name in (*FILES, DIGESTS) if (path / name).exists()]
    if foreign and not found and any((path / LOGS).glob("*/events.out.tfevents.*")):
        found, foreign = [LOGS], [LOGS]
    if foreign and found:
        wrong = [name for name in foreign if name in found] or [f"no {foreign[0]}"]
        validation.fail(
            "`output_dir` must be new, or hold results as training wrote them.",
            f"output_dir={str(output_dir)!r} with {', '.join(wrong)}, not as {DIGESTS} says",
            "Pass another directory, output_dir='DIR', or move these files away.",
        )


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


def _digest(path: pathlib.Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: pathlib.Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
