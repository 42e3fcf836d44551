import pytest

NAMES = ["jax_step", "jax_scan"]


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_as_numpy_does(trains_as_numpy_does, name):
    trains_as_numpy_does(name)


@pytest.mark.parametrize("name", NAMES)
def test_it_shuffles(shuffles, name):
    shuffles(name)
