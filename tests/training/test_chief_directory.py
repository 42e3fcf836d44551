import numpy as np
import pytest

from tf_recipes.distribution.single_process import SingleProcess
from tf_recipes.training import chief_directory
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
    """Stands in for a job in which the chief's bytes are known."""

    strategy = "two workers"

    def __init__(self, is_chief, bytes_of_chief=None):
        self.is_chief, self.bytes_of_chief = is_chief, bytes_of_chief

    def from_chief(self, content):
        if self.is_chief:
            self.bytes_of_chief = content
        return self.bytes_of_chief


def test_the_chiefs_checkpoint_reaches_the_others_whole():
    chief = Worker(True)
    chief_directory.share_checkpoint(chief, FOUND)
    received = chief_directory.share_checkpoint(Worker(False, chief.bytes_of_chief), None)
    assert received.header == FOUND.header
    for name, array in FOUND.arrays.items():
        np.testing.assert_array_equal(received.arrays[name], array)
        assert received.arrays[name].dtype == array.dtype


@pytest.mark.parametrize("job", [SingleProcess(), Worker(True)])
def test_without_a_checkpoint_there_is_none(job):
    assert chief_directory.share_checkpoint(job, None) is None


def test_one_process_keeps_its_own_checkpoint():
    assert chief_directory.share_checkpoint(SingleProcess(), FOUND) is FOUND


@pytest.mark.parametrize("result", [None, {"loss": [0.1], "epochs": 3}])
def test_a_result_reaches_the_others(result):
    chief = Worker(True)
    assert chief_directory.share_result(chief, result) == result
    assert chief_directory.share_result(Worker(False, chief.bytes_of_chief), None) == result


def test_only_the_chief_touches_the_directory(tmp_path):
    with chief_directory.open_directory(Worker(False), tmp_path / "out") as path:
        assert path == tmp_path / "out" and not path.exists()
    with chief_directory.open_directory(Worker(True), tmp_path / "out") as path:
        assert (path / "checkpoints" / "lock").exists()


def test_a_worker_that_is_not_the_chief_writes_no_checkpoint():
    no_checkpoints = chief_directory.NoCheckpoints()
    assert (no_checkpoints.paths(), no_checkpoints.newest()) == ([], None)
    assert no_checkpoints.save(FOUND) == "the chief's directory"
