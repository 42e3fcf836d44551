"""What the programs of TensorFlow 1 in the goldens promise to the tests that verify their ports."""

import filecmp
import importlib.util
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

import limits
from tf_recipes.parity.tf1 import interpreter

GOLDENS = Path(__file__).parents[1] / "goldens" / "verify"
NAMES = sorted(path.stem for path in (GOLDENS / "programs").glob("*.py"))
FILES = {
    *(f"model.ckpt.{end}" for end in ("meta", "index", "data-00000-of-00001")),
    "batches.npz",
    "tf1.npz",
}
# what the update operations and the schedules of the graphs are named
UPDATES = "GradientDescent Momentum Adagrad RMSProp CenteredRMSProp Adam"
SCHEDULES = "ExponentialDecay PiecewiseConstant PolynomialDecay"


def module(name):
    spec = importlib.util.spec_from_file_location(f"goldens_{name}", GOLDENS / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_each_program_has_a_port_and_every_file():
    assert len(NAMES) >= 14
    assert sorted(path.stem for path in (GOLDENS / "ports").glob("*.py")) == NAMES
    for name in NAMES:
        assert {path.name for path in (GOLDENS / name).iterdir()} == FILES, name
    size = sum(path.stat().st_size for path in GOLDENS.rglob("*") if path.suffix != ".pyc")
    assert size < 4e6


def test_the_programs_have_every_optimizer_and_schedule_of_the_chapter():
    graphs = b"".join((GOLDENS / name / "model.ckpt.meta").read_bytes() for name in NAMES)
    for operation in UPDATES.split():
        assert f"Apply{operation}".encode() in graphs, operation
    for schedule in SCHEDULES.split():
        assert schedule.encode() in graphs, schedule


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_is_whole(name):
    with np.load(GOLDENS / name / "tf1.npz") as tf1, np.load(GOLDENS / name / "batches.npz") as fed:
        n_rows = {len(fed[key]) for key in fed.files}
        steps, batch = tf1["rows"].shape
        assert len(n_rows) == 1 and max(n_rows) <= 64
        assert (steps, batch) == (6, 16) and tf1["rows"].max() < max(n_rows)
        assert tf1["losses"].shape == (6,) and len(set(tf1["losses"])) == 6
        for key in tf1.files:
            assert tf1[key].dtype.kind == "U" or np.isfinite(tf1[key]).all(), key
        names = json.loads(str(tf1["names"]))
        kept = [
            {key.split("/", 2)[2] for key in tf1.files if key.startswith(f"variables/{step}/")}
            for step in (1, 6)
        ]
        assert names["tensorflow"] == "1.15.5" and kept[0] == kept[1] != set()
        assert 1e-16 < tf1["sensitivity"] < 1e-5
        still = {
            key
            for key in kept[0]
            if np.array_equal(tf1[f"variables/1/{key}"], tf1[f"variables/6/{key}"])
        }
        assert all(key.startswith(tuple(names["noise"])) for key in still), still
        for output in names["outputs"]:
            before, after = tf1[f"predictions/{output}"], tf1[f"after/{output}"]
            assert len(before) == max(n_rows) and np.abs(after - before).max() > 1e-3


def test_each_mistake_is_of_a_port_and_has_a_known_reason():
    mistakes = module("mistakes").MISTAKES
    assert len({each.name for each in mistakes}) == len(mistakes) >= 28
    assert {each.program for each in mistakes} <= set(NAMES)
    assert sum(each.reason is not None for each in mistakes) >= 28


def test_the_recorder_writes_the_same_again(tf1_python, tmp_path):
    """TF 1.15 rounds its sums otherwise on another processor: not all bytes are the same."""
    name = "two_losses"  # begins after some steps, and has two of most things
    done = subprocess.run(
        [tf1_python, GOLDENS / "record_programs.py", f"--output_dir={tmp_path}", name],
        env=interpreter.process_environment(TF2_BEHAVIOR="0", PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        timeout=limits.PROCESS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    exact = ["batches.npz", "model.ckpt.meta"]
    _, differ, missing = filecmp.cmpfiles(GOLDENS / name, tmp_path / name, exact, shallow=False)
    assert (differ, missing) == ([], [])
    assert {path.name for path in (tmp_path / name).iterdir()} == FILES
    files = (folder / name / "tf1.npz" for folder in (GOLDENS, tmp_path))
    kept, again = (np.load(file, allow_pickle=False) for file in files)
    assert kept.files == again.files
    for key in kept.files:
        if kept[key].dtype.kind == "U":
            assert kept[key].tolist() == again[key].tolist()
        elif "sensitivity" in key:  # the largest of a few roundings
            assert 0 <= again[key] < 1e-5
        else:
            largest = np.abs(kept[key]).max()
            np.testing.assert_allclose(again[key], kept[key], rtol=0, atol=1e-6 * largest)
