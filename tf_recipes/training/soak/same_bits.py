"""Whether two finished runs are the same, bit for bit."""

import io
import json
import zipfile

import h5py  # Keras', for its saved models

from tf_recipes.training import checkpoint_file, checkpoints, identity
from tf_recipes.training.results import FILES


def differences(one, other):
    """What two finished runs do not share, as lines; how long they took is not looked at."""
    return [
        *_of_checkpoints(one, other),
        *(f"history.json: {line}" for line in identity.differences(_history(one), _history(other))),
        *([] if _weights(one) == _weights(other) else ["model.keras: the weights"]),
    ]


def _of_checkpoints(one, other):
    """Weights, slots, metrics, generators, place and history of the last checkpoints."""
    (header, arrays), (other_header, other_arrays) = _last(one), _last(other)
    lines = identity.differences(header, other_header)
    for name in dict.fromkeys([*arrays, *other_arrays]):
        if name not in arrays or name not in other_arrays:
            lines.append(f"{name}: in one of them alone")
        elif arrays[name].tobytes() != other_arrays[name].tobytes():
            lines.append(f"{name}: other bits")
    return lines


def _last(folder):
    header, arrays = checkpoint_file.read(
        max((folder / checkpoints.FOLDER).glob("step-*.ckpt"), key=lambda path: int(path.stem[5:]))
    )
    del header["seconds"]
    return header, arrays


def _history(folder):
    history = json.loads((folder / FILES[-1]).read_text())
    del history["seconds"]
    return history


def _weights(folder):
    """`{place in the file: bytes}` of all that a saved model holds."""
    arrays = {}

    def add(name, item):
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[()].tobytes()

    with (
        zipfile.ZipFile(folder / FILES[0]) as model,
        h5py.File(io.BytesIO(model.read("model.weights.h5"))) as weights,
    ):
        weights.visititems(add)
    return arrays
