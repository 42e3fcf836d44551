import numpy as np

from lab.benchmark import workload
from lab.benchmark.process import Worker


def test_the_graph_here_trains_as_numpy_does(trains_as_numpy_does):
    assert trains_as_numpy_does("compat_v1") == [None, None]  # the original loop fetches none


def test_real_tf1_trains_as_numpy_does(small, tf1_python, tmp_path, trained, same_training):
    work = small()
    workload.save(tmp_path / "work.npz", work)
    with Worker("tf1", tf1_python) as worker:
        assert worker.hello()["versions"]["tensorflow"].startswith("1.15.")
        worker.load(tmp_path / "work.npz")
        losses = [worker.train_in_order()["loss"] for _ in range(2)]
        worker.write_weights(tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as weights:
        same_training(losses, dict(weights), *trained(work, 2))


def test_it_shuffles(shuffles):
    shuffles("compat_v1")
