"""Provides the fixtures of the chapters' tests."""

import pytest

from lab.chapters import nets
from tf_recipes import mnist


@pytest.fixture(scope="module", autouse=True)
def without_xla():
    """Builds the nets without XLA, which compiles for longer than a test trains."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nets, "JIT_COMPILE", False)
        yield


@pytest.fixture(scope="session")
def sample():
    """Returns the sample of MNIST that ships with the package."""
    return mnist.load()


@pytest.fixture
def labelled():
    """Returns `labelled(figure)`, which checks that every axes has data and two labels."""

    def check(figure):
        assert figure.axes
        for axes in figure.axes:
            assert axes.has_data()
            assert axes.get_xlabel()
            assert axes.get_ylabel()

    return check


def silent(text):
    """Ignores a line on progress."""


@pytest.fixture(scope="session")
def say():
    return silent
