"""Tests the original of augmentation on real TF 1.15; test_contrib_image.py tests it here."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

import limits
from tf_recipes.parity.tf1 import interpreter

GOLDENS = Path(__file__).parents[1] / "goldens"

AUGMENT = """
import json, sys
import numpy as np
import tensorflow as tf
from tf_recipes.originals import augmentation

images = np.random.RandomState(0).rand(1, 28, 28, 1).astype("float32").repeat(3, axis=0)

def ran(seed, training):
    with tf.Graph().as_default(), tf.Session() as sess:
        is_training = tf.placeholder(tf.bool, ())
        augmented = augmentation.augment(images, is_training, 0.1, 15.0, 0.1, 0.2, seed)
        feed = {is_training: training}
        return [sess.run(augmented, feed), sess.run(augmented, feed)]

arrays = {"images": images, "evaluation": ran(1, False)}
arrays.update({name: ran(seed, True) for name, seed in (("one", 1), ("again", 1), ("two", 2))})
np.savez(sys.argv[1], **arrays)
"""


@pytest.fixture(scope="module")
def run_tf1(tf1_python, tmp_path_factory):
    """Runs code or a file that uses the originals on TF 1.15; returns its output."""
    folder = tmp_path_factory.mktemp("originals")
    interpreter.copy_originals(folder)

    def run(*arguments):
        done = subprocess.run(
            [tf1_python, "-W", "ignore", *arguments],
            env=interpreter.process_environment(PYTHONPATH=str(folder), TF_CPP_MIN_LOG_LEVEL="2"),
            capture_output=True,
            text=True,
            timeout=limits.PROCESS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_goldens_are_what_the_original_gives(run_tf1):
    recorded = json.loads(run_tf1(GOLDENS / "record_augmentation.py"))
    filed = json.loads((GOLDENS / "augmentation.json").read_text())
    assert {**recorded, "cases": 0} == {**filed, "cases": 0}
    for case, expected in zip(recorded["cases"], filed["cases"], strict=True):
        # another processor may round differently
        np.testing.assert_allclose(case.pop("image"), expected.pop("image"), atol=1e-6)
        assert case == expected


def test_it_is_random_in_training_and_nothing_in_evaluation(run_tf1, tmp_path):
    run_tf1("-c", AUGMENT, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as arrays:
        ran = dict(arrays)
    for same in ran["evaluation"]:
        np.testing.assert_array_equal(same, ran["images"])
    np.testing.assert_array_equal(ran["again"], ran["one"])
    distinct = [*ran["one"].reshape(6, -1), *ran["two"].reshape(6, -1)]
    assert len({image.tobytes() for image in distinct}) == 12
    # brightness: pixels uncovered by the other three are 0 plus the image's delta, at most 0.2
    corners = ran["one"][..., 0, 0, 0]
    assert np.abs(corners).max() > 0.01
