"""Reading a saved model, with one line where that cannot be done."""

import json
import os
import warnings
import zipfile

import keras

from tf_recipes._support import validation
from tf_recipes._support.recompile import first_sentence


def load(path):
    """The model in a `.keras` file, not compiled; damage is found before Keras reads it.

    Args:
        path: str or path.

    Raises:
        OSError: if there is no such file, or it is damaged.
        ValueError: if it holds what Keras does not know.
    """
    path = os.fspath(path)
    damaged = f"{path!r} is damaged, or no model that Keras saved as a .keras file."
    if not _whole(path):
        raise OSError(damaged)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Skipping variable loading")
            return keras.saving.load_model(path, compile=False)
    except (OSError, KeyError) as error:  # a part is missing
        raise OSError(damaged) from error
    except (TypeError, ValueError) as error:
        reason = str(error).rpartition("Exception encountered: ")[2]
        return validation.fail(
            "The saved model must be one that Keras can load.",
            f"{path!r}: {first_sentence(reason)}",
            "Load it with keras.saving.load_model(path, custom_objects=...) and pass the model.",
        )


def _whole(path):
    """Whether all parts of a `.keras` file are there and can be read."""
    try:
        with zipfile.ZipFile(path) as file:
            if file.testzip() is not None or "model.weights.h5" not in file.namelist():
                return False
            return isinstance(json.loads(file.read("config.json")), dict)
    except (zipfile.BadZipFile, KeyError, ValueError, IsADirectoryError):
        return False
