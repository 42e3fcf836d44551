"""Loads saved models; a file that cannot be loaded raises an error of one line."""

import json
import os
import warnings
import zipfile

import keras

from tf_recipes._support import validation
from tf_recipes._support.recompile import first_sentence


def load(path: str | os.PathLike[str], safe_mode: bool = True) -> keras.Model:
    """Returns the model of a `.keras` file, not compiled; checks for damage before Keras reads it.

    Args:
        path: str or `os.PathLike`.
        safe_mode: False to load Python code that the file holds, such as a Lambda layer.

    Raises:
        OSError: if the file does not exist or is damaged.
        ValueError: if the file names a class that Keras does not know.
    """
    path = os.fspath(path)
    damaged = (
        f"{path!r} is damaged or is not a .keras file. Save the model again with "
        "model.save('NAME.keras')."
    )
    if not _is_intact(path):
        raise OSError(damaged)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Skipping variable loading")
            return keras.saving.load_model(path, compile=False, safe_mode=safe_mode)
    except (OSError, KeyError) as error:  # a part is missing
        raise OSError(damaged) from error
    except (TypeError, ValueError) as error:
        reason = str(error).rpartition("Exception encountered: ")[2]
        return validation.fail(
            "The saved model must be a model that Keras can load.",
            f"{path!r}: {first_sentence(reason)}",
            "Load it with keras.saving.load_model(path, custom_objects=...), and pass the model.",
        )


def _is_intact(path: str) -> bool:
    """Returns whether all parts of a `.keras` file exist and can be read."""
    try:
        with zipfile.ZipFile(path) as file:
            if file.testzip() is not None or "model.weights.h5" not in file.namelist():
                return False
            return isinstance(json.loads(file.read("config.json")), dict)
    except (zipfile.BadZipFile, KeyError, ValueError, IsADirectoryError):
        return False
