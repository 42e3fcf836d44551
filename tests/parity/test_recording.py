"""Records the shipped traces once more on real TF 1.15, and compares the bits."""

import json
import subprocess

import numpy as np
import pytest

from tf_recipes.parity import comparison, recording, references, trace
from tf_recipes.parity.tf1 import interpreter
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(references, "STARTS", 1)  # a start takes as long as the run itself
        recording.record_all(tf1_python, recipes, pool, folder, first["steps"].tolist())
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{n}.npz" for n in NAMES)
    return {name: read(folder / f"{name}.npz") for name in NAMES}


def assert_same_bits(ours, theirs):
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_random_draws_on_any_machine(shipped, recorded, name):
    ours, theirs = recorded[name], shipped[name]
    assert ours.keys() == theirs.keys()
    assert ours["digest"] == trace.digest(ours)
    for key in ("spec", "images", "labels", "batches", "steps"):
        assert_same_bits(ours[key], theirs[key])
    for key in (key for key in theirs if key.startswith(("initial/", "masks/"))):
        assert_same_bits(ours[key], theirs[key])
    versions = [json.loads(str(trace["provenance"]))["tensorflow"] for trace in (ours, theirs)]
    assert versions[0] == versions[1] == "1.15.5"


@pytest.fixture(scope="module")
def like_processor(tf1_python):
    """Returns whether TF 1.15 multiplies float32 matrices as where the traces were recorded."""
    done = subprocess.run(
        [tf1_python, "-W", "ignore", "-c", PRODUCT],
        check=True,
        capture_output=True,
        text=True,
        env=interpreter.process_environment(),
    )
    return done.stdout.strip() == PRODUCT_DIGITS


PRODUCT = """
import hashlib
import numpy as np
import tensorflow as tf
random = np.random.RandomState(0)
x, w = (random.randn(*shape).astype("float32") for shape in ((50, 784), (784, 10)))
one = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
with tf.Session(config=one) as sess:
    print(hashlib.sha256(sess.run(tf.matmul(x, w)).tobytes()).hexdigest())
"""
# on the processor that recorded the traces
PRODUCT_DIGITS = "3ee45d4bb4547d0c8d0893dc1e0e38534e6941bf72cc71282e51b0619a5e61e7"


@pytest.mark.parametrize("name", NAMES)
def test_recording_again_gives_the_same_bits(shipped, recorded, like_processor, name):
    """On another processor, which adds in another order, TF1 cannot be told from itself.

    The 1 / sqrt of batch norm starts from an approximation that differs between makers of
    processors, and products of float64 matrices are cut into blocks by the sizes of the caches, so
    that the bits of both are the same on some processors alone.
    """
    ours, theirs = (trace.from_arrays(each[name], name) for each in (recorded, shipped))
    assert comparison.compare(theirs, "tf1", ours).passed
    if like_processor and name not in ("batch_norm", "momentum_decay_float64"):
        for key, value in shipped[name].items():
            if not key.startswith(("provenance", "digest", "sensitivity/")):
                assert_same_bits(recorded[name][key], value)


def fake_record(monkeypatch):
    """Makes `references.record` use this TensorFlow, which takes no time."""
    real = references.record
    monkeypatch.setattr(
        references,
        "record",
        lambda recipe, x, y, python, steps, starts: real(recipe, x, y, None, steps, starts),
    )


def test_each_file_is_reported_once_it_is_written(monkeypatch, tmp_path):
    fake_record(monkeypatch)
    saved = []

    def on_saved(path):
        saved.append(path)
        assert trace.load(path).recipe.name == path.stem  # the file is whole

    pool = np.zeros((10, 784), np.uint8), np.zeros(10, int)
    recipes = [Recipe(name, hidden=(2,), steps=2, batch_size=2) for name in ("one", "two")]
    recording.record_all("python", iter(recipes), pool, tmp_path / "new", on_saved=on_saved)
    assert saved == [tmp_path / "new" / "one.npz", tmp_path / "new" / "two.npz"]


def test_recording_prints_nothing(monkeypatch, tmp_path, capsys):
    fake_record(monkeypatch)
    pool = np.zeros((10, 784), np.uint8), np.zeros(10, int)
    recipe = Recipe("small", hidden=(2,), steps=2, batch_size=2)
    recording.record_all("python", [recipe], pool, tmp_path)
    assert (tmp_path / "small.npz").is_file()
    assert capsys.readouterr() == ("", "")


def test_distributions_are_written_whole_or_not_at_all(monkeypatch, tmp_path):
    path = tmp_path / "drawn.npz"
    path.write_bytes(b"before")

    def breaks(python, module, arguments):
        arguments[0].write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(recording.interpreter, "run_module", breaks)
    with pytest.raises(OSError, match="disk full"):
        recording.record_distributions("python", path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]

    def works(python, module, arguments):
        assert (python, module) == ("python", "runners.draws")
        arguments[0].write_bytes(b"whole")

    monkeypatch.setattr(recording.interpreter, "run_module", works)
    recording.record_distributions("python", path)
    assert path.read_bytes() == b"whole"
