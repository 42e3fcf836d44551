"""Compares two finished runs bit by bit."""

import io
import json
import pathlib
import zipfile
from typing import Any

import h5py  # a dependency of Keras, which saves models with it
from numpy.typing import NDArray

from tf_recipes.training import checkpoint_file, checkpoints, identity
from tf_recipes.training.results import FILES

_LABELS = ("in one run", "in the other")


def differences(one: pathlib.Path, other: pathlib.Path) -> list[str]:
    """Returns a line for each difference between two finished runs, except their durations.

    Args:
        one, other: the output directories.
    """
    histories = identity.differences(_history(one), _history(other), _LABELS)
    return [
        *_checkpoint_differences(one, other),
        *(f"history.json: {line}" for line in histories),
        *([] if _weights(one) == _weights(other) else ["model.keras: the weights"]),
    ]


def _checkpoint_differences(one: pathlib.Path, other: pathlib.Path) -> list[str]:
    """Compares the last checkpoints.

    They have the weights, slots, metrics, generators, the position and the history.
    """
    (header, arrays), (other_header, other_arrays) = _last_checkpoint(one), _last_checkpoint(other)
    lines = identity.differences(header, other_header, _LABELS)
    for name in dict.fromkeys([*arrays, *other_arrays]):
        if name not in arrays or name not in other_arrays:
            lines.append(f"{name}: in one of the runs only")
        elif arrays[name].tobytes() != other_arrays[name].tobytes():
            lines.append(f"{name}: different bits")
    return lines


def _last_checkpoint(folder: pathlib.Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    header, arrays = checkpoint_file.read(
        max((folder / checkpoints.FOLDER).glob("step-*.ckpt"), key=lambda path: int(path.stem[5:]))
    )
    del header["seconds"]
    return header, arrays


def _history(folder: pathlib.Path) -> dict[str, Any]:
    history = json.loads((folder / FILES[-1]).read_text())
    del history["seconds"]
    return history


def _weights(folder: pathlib.Path) -> dict[str, bytes]:
    """Returns the arrays of the saved model, `{path in the file: bytes}`."""
    arrays = {}

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[()].tobytes()

    with (
        zipfile.ZipFile(folder / FILES[0]) as model,
        h5py.File(io.BytesIO(model.read("model.weights.h5"))) as weights,
    ):
        weights.visititems(add)
    return arrays
