"""Provides the registry of the measurements of Keras."""

from typing import NamedTuple

import numpy as np
from keras import ops

CASES = {}


class Case(NamedTuple):
    """Holds the expected numbers of TF1 and Keras, and a function that measures Keras.

    The expected numbers follow from the formulas that the table states. `tolerance` is absolute. It
    is wider for random numbers: the largest of many draws, or a share.
    """

    tf1: list
    keras: list
    measure: object
    tolerance: float


def case(tf1, keras, tolerance=1e-6):
    """Registers a function that measures Keras, under the name of TF1's measurement."""

    def note(function):
        CASES[function.__name__] = Case(tf1, keras, function, tolerance)
        return function

    return note


def flat(*values):
    return np.concatenate([np.ravel(ops.convert_to_numpy(each)) for each in values])


def largest(weights):
    return np.abs(weights).max()
