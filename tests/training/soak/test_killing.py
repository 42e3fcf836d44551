import json
import time
import zipfile

import h5py
import numpy as np
import pytest

from tf_recipes.training.checkpoints import Checkpoint, Checkpoints
from tf_recipes.training.directory import locked
from tf_recipes.training.soak import killing, processes


def train(folder, forgets, fails):
    """Adds up its steps, saves each step, and continues from the newest checkpoint."""
    with locked(folder):
        kept = Checkpoints(folder / "checkpoints", print)
        newest = kept.newest()
        step, total = (newest.step, newest.arrays["w"]) if newest else (0, np.zeros(10**5))
        if forgets and newest:
            total = total * 0
        if fails and newest:
            raise SystemExit(3)
        while step < 7:
            step, total = step + 1, total + step
            kept.save(Checkpoint(step, [0, step], {"w": total}, {}, time.time(), {}, {}))
            time.sleep(0.01)
        partial = folder / ".partial-toy"
        partial.mkdir()
        time.sleep(0.2)
        with h5py.File(partial / "weights", "w") as file:
            file["w"] = total
        with zipfile.ZipFile(folder / "model.keras", "w") as model:
            model.write(partial / "weights", "model.weights.h5")
        history = {"loss": [1.0], "seconds": time.time()}
        (folder / "history.json").write_text(json.dumps(history))


def toy(tmp_path, kills, forgets=False, fails=False, started=None):
    # Copies of this process, which need no imports; test_processes.py starts new processes, too.
    printed, started = [], [] if started is None else started
    start = processes.StartFork(lambda folder: train(folder, forgets, fails))

    def counted(folder):
        started.append(folder)
        return start(folder)

    return killing.soak(counted, tmp_path / "out", kills, 1, printed.append), printed


def test_a_training_that_loses_nothing_passes(tmp_path):
    started = []
    same, printed = toy(tmp_path, 6, started=started)
    assert same, printed
    assert len(started) < 20  # it starts in no time, and is killed then, too
    kills = [line for line in printed if line.startswith("kill ")]
    assert len(kills) == 6 and "while finishing" in kills[-1]
    assert printed[-1] == "killed 6 times: the same bits"
    assert list((tmp_path / "out").iterdir()) == []


def test_a_training_that_forgets_is_found(tmp_path):
    same, printed = toy(tmp_path, 6, forgets=True)
    assert not same
    assert "differs: model.keras: the weights" in printed
    assert len(list((tmp_path / "out").iterdir())) == 1  # to look at


def test_a_training_that_fails_by_itself_is_an_error(tmp_path):
    with pytest.raises(killing.SoakError, match=r"killed-after-0 ended with status 3\."):
        toy(tmp_path, 6, fails=True)
