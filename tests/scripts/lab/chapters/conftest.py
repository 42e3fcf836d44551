"""What the experiments' tests share."""

import pytest

from tf_recipes import mnist


@pytest.fixture(scope="session")
def sample():
    """The sample of MNIST that ships with the package."""
    return mnist.load()


@pytest.fixture
def labelled():
    """`labelled(figure)`: every axes has data, and both axes have a name."""

    def check(figure):
        assert figure.axes
        for axes in figure.axes:
            assert axes.has_data()
            assert axes.get_xlabel()
            assert axes.get_ylabel()

    return check


def silent(text):
    """A `say` that says nothing."""


@pytest.fixture(scope="session")
def say():
    return silent
