import numpy as np
import pytest

N, UNITS = 784, 1000
# A normal cut at two standard deviations keeps 0.87962566 of its own standard deviation.
HE_SIGMA = np.sqrt(1.3 * 2 / N)
XAVIER_LIMIT = np.sqrt(6 / (N + UNITS))


@pytest.mark.parametrize("draws", ["he", "hidden1/weights"])
def test_he_is_a_normal_cut_at_two_sigma(ran, draws):
    values = np.float64(ran("initializers")[draws])
    assert values.shape == (N, UNITS)
    assert 1.999 * HE_SIGMA < np.abs(values).max() <= 2 * HE_SIGMA * (1 + 1e-6)
    expected = 0.87962566 * HE_SIGMA
    # The fourth moment of that cut normal, kurtosis 2.3646, gives the error of the deviation.
    error = expected * np.sqrt((2.3646 - 1) / 4 / values.size)
    assert abs(values.std() - expected) < 5 * error
    assert abs(values.mean()) < 5 * expected / np.sqrt(values.size)


def test_xavier_is_uniform(ran):
    values = np.float64(ran("initializers")["xavier"])
    assert 0.999 * XAVIER_LIMIT < np.abs(values).max() <= XAVIER_LIMIT * (1 + 1e-6)
    expected = XAVIER_LIMIT / np.sqrt(3)
    error = expected * np.sqrt((1.8 - 1) / 4 / values.size)
    assert abs(values.std() - expected) < 5 * error


def test_the_layer_starts_without_bias(ran):
    arrays = ran("initializers")
    assert not arrays["hidden1/biases"].any()
    assert arrays["hidden1/biases"].shape == (UNITS,)
