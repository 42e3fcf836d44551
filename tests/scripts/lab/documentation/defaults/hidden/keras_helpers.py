"""What the measurements of Keras share."""

from typing import NamedTuple

import numpy as np
from keras import ops

CASES = {}


class Case(NamedTuple):
    """What each side does, from the formula that the table states, and a function that measures it.

    `tolerance` is absolute. It is wider where numbers are drawn: the largest of many, or a share.
    """

    tf1: list
    keras: list
    measure: object
    tolerance: float


def case(tf1, keras, tolerance=1e-6):
    """Notes a function that measures what Keras does, under the name that TF1's has."""

    def note(function):
        CASES[function.__name__] = Case(tf1, keras, function, tolerance)
        return function

    return note


def flat(*values):
    return np.concatenate([np.ravel(ops.convert_to_numpy(each)) for each in values])


def largest(weights):
    return np.abs(weights).max()
