"""Provides the fixtures of the chapters' tests."""

import pytest

from tf_recipes import mnist


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
