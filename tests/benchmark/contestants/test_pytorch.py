import numpy as np
import pytest

NAMES = ["pytorch"]


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_as_numpy_does(small, contestant, trained, same_training, name):
    work = small()
    loop = contestant(name, work)
    losses = [loop.epoch(shuffle=False) for _ in range(2)]
    same_training(losses, loop.weights(), *trained(work, 2))


@pytest.mark.parametrize("name", NAMES)
def test_it_shuffles(small, contestant, name):
    work = small()
    ordered, shuffled = (contestant(name, work) for _ in range(2))
    ordered.epoch(shuffle=False)
    shuffled.epoch(shuffle=True)
    one, other = (each.weights()["outputs/weights"] for each in (ordered, shuffled))
    assert np.abs(one - other).max() > 1e-4
