"""What a finished run leaves: the model, the figure, the history. Written all or none."""

import json
import os
import pathlib
import tempfile

from tf_recipes._support import validation
from tf_recipes.training import checkpoint_file, identity, learning_curves
from tf_recipes.training.directory import PARTIAL

FILES = ("model.keras", "learning_curves.png", "history.json")  # the history, last, vouches
LOGS = "tensorboard"


def write(model, result, output_dir):
    """All files or none: they are finished beside their places, then renamed, the history last.

    Killed between two renames, the same command finds no history of its own and writes them again.

    Raises:
        OSError: if they cannot be written; then those before are as they were.
    """
    try:
        _write(model, result, output_dir)
    except OSError as error:
        raise OSError(
            f"The results could not be written to {output_dir}: {error.strerror or error}. The "
            "checkpoints there are whole. Make room, then the same command writes them."
        ) from error


def _write(model, result, output_dir):
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


def read(output_dir):
    """The `history.json` of a run that wrote all its files, or None."""
    try:
        result = json.loads((output_dir / FILES[-1]).read_text())
    except (OSError, ValueError):
        return None
    whole = isinstance(result, dict) and all((output_dir / name).is_file() for name in FILES)
    return result if whole else None


def same(result, wanted):
    """Whether a result, or None, is that of the training wanted."""
    return result is not None and {key: result.get(key) for key in wanted} == wanted


def check(result, wanted, epochs, output_dir):
    """Refuses a directory with results and no checkpoints, unless they are the ones wanted."""
    identity.check({key: result.get(key) for key in wanted}, wanted, output_dir)
    if result.get("epochs") != epochs:
        validation.fail(
            "Without its checkpoints a finished run cannot go on.",
            f"output_dir={str(output_dir)!r} with {result.get('epochs')} epochs, epochs={epochs}",
            "Name another --output_dir, or remove that one.",
        )


def _sync(path):
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
