import numpy as np


def test_the_rate_halves_every_twenty_steps(ran):
    expected = [0.1, 0.1 / np.sqrt(2), 0.05, 0.1 * 0.5**1.95, 0.0125]  # at 0, 10, 20, 39, 60
    np.testing.assert_allclose(ran("schedules")["smooth"], expected, rtol=1e-6)


def test_staircase(ran):
    expected = [0.1, 0.1, 0.05, 0.05, 0.0125]
    np.testing.assert_allclose(ran("schedules")["staircase"], expected, rtol=1e-6)


def test_the_step_is_not_trained(ran):
    assert ran("schedules")["trainable"] == 0


def test_two_steps_of_the_chapter(ran):
    """The gradient is 1: a = 1, then 1.9; the rate is read before the step is counted."""
    (first, step1), (second, step2) = ran("schedules")["from_0"]
    assert (step1, step2) == (1, 2)
    np.testing.assert_allclose(first, -0.1, rtol=1e-6)
    np.testing.assert_allclose(second, -0.1 - 0.1 * 0.1 ** (1 / 10000) * 1.9, rtol=1e-6)


def test_after_ten_thousand_steps_the_rate_is_a_tenth(ran):
    """1 / 10 is a tenth; in Python 2 the chapter's line gave 0."""
    first, second = ran("schedules")["from_10000"][:, 0]
    np.testing.assert_allclose(first, -0.01, rtol=1e-6)
    np.testing.assert_allclose(second, -0.01 - 0.01 * 0.1 ** (1 / 10000) * 1.9, rtol=1e-6)
