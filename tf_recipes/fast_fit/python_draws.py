"""Reads the random number generators of Python and NumPy, from which a traced step must not draw.

What a step draws from them while it is traced depends on how often it is traced.
"""

import random
from typing import Any

import numpy as np


def states() -> tuple[Any, ...]:
    """Returns the states of the random number generators of Python and NumPy."""
    name, keys, *rest = np.random.get_state()
    return random.getstate(), (name, tuple(map(int, keys)), *rest)


def restore(states: tuple[Any, ...]) -> None:
    """Sets the states of the random number generators of Python and NumPy."""
    random.setstate(states[0])
    np.random.set_state(states[1])
