"""Real TF 1.15 again, under the conditions of the shipped traces: the same bits."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from tf_recipes.parity import recording, references
from tf_recipes.recipe import Recipe

NAMES = ("batch_norm", "dropout", "l1_l2", "momentum_decay_float64")


def read(path):
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


@pytest.fixture(scope="module")
def shipped():
    return {name: read(references.RECORDED / f"{name}.npz") for name in NAMES}


@pytest.fixture(scope="module")
def recorded(tf1_python, shipped, tmp_path_factory):
    folder = tmp_path_factory.mktemp("traces") / "made" / "for it"
    recipes = [Recipe.from_spec(json.loads(str(shipped[name]["spec"]))) for name in NAMES]
    first = shipped[NAMES[0]]
    pool = first["images"], first["labels"]
    recording.record_all(tf1_python, recipes, pool, folder, first["steps"].tolist())
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{n}.npz" for n in NAMES)
    return {name: read(folder / f"{name}.npz") for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_recording_again_gives_the_same_bits(shipped, recorded, name):
    ours, theirs = recorded[name], shipped[name]
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        if key == "provenance":
            theirs_version, version = (json.loads(str(v))["tensorflow"] for v in (value, ours[key]))
            assert version == theirs_version
        else:
            assert ours[key].dtype == value.dtype, key
            assert ours[key].shape == value.shape, key
            assert ours[key].tobytes() == value.tobytes(), key


def fake_record(monkeypatch):
    """Traces at once, from this TensorFlow."""
    real = references.record
    monkeypatch.setattr(
        references, "record", lambda recipe, x, y, python, steps: real(recipe, x, y, steps=steps)
    )


def test_a_line_for_each_file_whatever_its_name(monkeypatch, tmp_path):
    fake_record(monkeypatch)
    out = io.StringIO()
    monkeypatch.setattr(recording, "Console", lambda: Console(file=out, width=20))
    folder = tmp_path / "[red] a long name of a directory"
    pool = np.zeros((10, 784), np.uint8), np.zeros(10, int)
    recipe = Recipe("small", hidden=(2,), steps=2, batch_size=2)
    recording.record_all("python", [recipe], pool, folder)
    size = (folder / "small.npz").stat().st_size
    assert out.getvalue() == f"{folder / 'small.npz'}: {size / 1000:.0f} kB\n"


def test_distributions_are_written_whole_or_not_at_all(monkeypatch, tmp_path):
    path = tmp_path / "drawn.npz"
    path.write_bytes(b"before")

    def breaks(python, module, arguments):
        arguments[0].write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(recording.tf1, "run_module", breaks)
    with pytest.raises(OSError, match="disk full"):
        recording.record_distributions("python", path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]

    def works(python, module, arguments):
        assert (python, module) == ("python", "distributions")
        arguments[0].write_bytes(b"whole")

    monkeypatch.setattr(recording.tf1, "run_module", works)
    recording.record_distributions("python", path)
    assert path.read_bytes() == b"whole"
