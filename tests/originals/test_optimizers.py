"""Compares two steps from w = 1, rate 0.1, gradient 2, with the formulas of the papers."""

import numpy as np
import pytest


def adam():
    w, m, v = 1.0, 0.0, 0.0
    for t in (1, 2):
        m, v = 0.9 * m + 0.1 * 2, 0.999 * v + 0.001 * 4
        w -= 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 0.5)
        yield w


EXPECTED = {
    "gradient_descent": [0.8, 0.6],
    "momentum": [0.8, 0.8 - 0.1 * (0.9 * 2 + 2)],
    "nesterov": [1 - 0.1 * (2 + 0.9 * 2), 0.62 - 0.1 * (2 + 0.9 * 3.8)],
    "adagrad": [1 - 0.2 / np.sqrt(4.5), 1 - 0.2 / np.sqrt(4.5) - 0.2 / np.sqrt(8.5)],
    # the mean square starts at 1
    "rmsprop": [1 - 0.2 / np.sqrt(1.6), 1 - 0.2 / np.sqrt(1.6) - 0.2 / np.sqrt(2.08)],
    "adam": list(adam()),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_two_steps(ran, name):
    np.testing.assert_allclose(ran("optimizers")[name], EXPECTED[name], rtol=2e-6)
