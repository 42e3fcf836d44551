import json
import zipfile

import h5py
import numpy as np
import pytest

from tf_recipes.training import checkpoint_file
from tf_recipes.training.soak import same_bits


def finished(folder, header=(), arrays=(), history=(), weights=1.0):
    (folder / "checkpoints").mkdir(parents=True)
    checkpoint_file.write(
        folder / "checkpoints" / "step-00000010.ckpt",
        {"step": 10, "seconds": 1.0, **dict(header)},
        {"model/0/w": np.zeros(2), "optimizer/0/m": np.ones(2), **dict(arrays)},
    )
    (folder / "history.json").write_text(
        json.dumps({"loss": [0.5], "seconds": 1.0, **dict(history)})
    )
    with h5py.File(folder / "weights", "w") as file:
        file["layers/a"] = weights
    with zipfile.ZipFile(folder / "model.keras", "w") as model:
        model.write(folder / "weights", "model.weights.h5")
    return folder


@pytest.mark.parametrize(
    "changes, lines",
    [
        ({}, []),
        ({"header": {"seconds": 2.0}, "history": {"seconds": 2.0}}, []),
        ({"header": {"step": 11}}, ["step: 10 in one run, 11 in the other"]),
        ({"arrays": {"model/0/w": np.array([0.0, -0.0])}}, ["model/0/w: different bits"]),
        ({"arrays": {"metrics/0": np.ones(1)}}, ["metrics/0: in one of the runs only"]),
        (
            {"history": {"loss": [np.nextafter(0.5, 1)]}},
            ["history.json: loss: [0.5] in one run, [0.5000000000000001] in the other"],
        ),
        ({"weights": 1.5}, ["model.keras: the weights"]),
    ],
)
def test_one_bit_anywhere_is_a_difference(tmp_path, changes, lines):
    one, other = finished(tmp_path / "one"), finished(tmp_path / "other", **changes)
    assert same_bits.differences(one, other) == lines
