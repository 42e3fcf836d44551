import numpy as np
import pytest

from lab.benchmark import summary


def test_spread():
    # by hand: the quartiles of 1, 2, 4, 8, 16 are 2 and 8
    assert summary.spread([16.0, 1.0, 8.0, 2.0, 4.0]) == {
        "median": 4.0,
        "min": 1.0,
        "max": 16.0,
        "iqr": 6.0,
    }


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_the_exponent_of_a_power(exponent):
    sizes = [10, 50, 128, 512]
    fitted = summary.growth(sizes, [3e-4 * size**exponent for size in sizes])
    assert fitted["exponent"] == pytest.approx(exponent)


def test_the_line_of_a_line():
    fitted = summary.growth([1, 2, 4, 8], [0.5 + 0.25 * n for n in (1, 2, 4, 8)])
    assert fitted["slope"] == pytest.approx(0.25)
    assert fitted["intercept"] == pytest.approx(0.5)
    assert np.isfinite(fitted["exponent"])
