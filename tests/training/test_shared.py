import numpy as np
import pytest

from tf_recipes.distribution.alone import Alone
from tf_recipes.training import shared
from tf_recipes.training.checkpoints import Checkpoint

FOUND = Checkpoint(
    step=7,
    place=[1, 2],
    arrays={"model/0/w": np.float32([[0.1, -2.5]]), "optimizer/0/step": np.int64(7)},
    history={"loss": [0.25]},
    seconds=1.5,
    identity={"port": "exact"},
    surroundings={"replicas": 2},
)


class Worker:
    """A job in which the chief's bytes are known."""

    strategy = "two workers"

    def __init__(self, is_chief, bytes_of_chief=None):
        self.is_chief, self.bytes_of_chief = is_chief, bytes_of_chief

    def from_chief(self, content):
        if self.is_chief:
            self.bytes_of_chief = content
        return self.bytes_of_chief


def test_the_chiefs_checkpoint_reaches_the_others_whole():
    chief = Worker(True)
    shared.checkpoint(chief, FOUND)
    received = shared.checkpoint(Worker(False, chief.bytes_of_chief), None)
    assert received.header == FOUND.header
    for name, array in FOUND.arrays.items():
        np.testing.assert_array_equal(received.arrays[name], array)
        assert received.arrays[name].dtype == array.dtype


@pytest.mark.parametrize("job", [Alone(), Worker(True)])
def test_without_a_checkpoint_there_is_none(job):
    assert shared.checkpoint(job, None) is None


def test_one_process_keeps_its_own_checkpoint():
    assert shared.checkpoint(Alone(), FOUND) is FOUND


@pytest.mark.parametrize("result", [None, {"loss": [0.1], "epochs": 3}])
def test_a_result_reaches_the_others(result):
    chief = Worker(True)
    assert shared.result(chief, result) == result
    assert shared.result(Worker(False, chief.bytes_of_chief), None) == result


def test_only_the_chief_touches_the_directory(tmp_path):
    with shared.directory_of(Worker(False), tmp_path / "out") as path:
        assert path == tmp_path / "out" and not path.exists()
    with shared.directory_of(Worker(True), tmp_path / "out") as path:
        assert (path / "checkpoints" / "lock").exists()


def test_a_worker_that_is_not_the_chief_writes_no_checkpoint():
    elsewhere = shared.Elsewhere()
    assert (elsewhere.paths(), elsewhere.newest()) == ([], None)
    assert elsewhere.save(FOUND) == "the chief's directory"
