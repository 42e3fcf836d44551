import pytest

from lab.benchmark import goals
from lab.benchmark.measure import Timing


def timing(name, *seconds, **others):
    return Timing(name, 100, list(seconds), **others)


def speed(**others):
    """Returns timings in which this project makes 1000 steps a second."""
    return goals.speed({"tf_recipes": timing("tf_recipes", 0.1, 0.1, 0.1), **others}, "net")


@pytest.mark.parametrize(
    ("name", "enough"), [("tf1", 2.4), ("keras", 3.0), ("jax_scan", 1.0), ("pytorch", 1.5)]
)
def test_the_bounds(name, enough):
    (just,) = speed(**{name: timing(name, *[0.1 * enough * 1.001] * 3)})
    assert (just.wanted, just.met) == (f"at least {enough:g}", True)
    (short,) = speed(**{name: timing(name, *[0.1 * enough * 0.999] * 3)})
    assert short.met is False
    assert short.reached == pytest.approx(0.999 * enough)


def test_the_median_counts_and_the_rounds_are_told():
    (judged,) = speed(keras=timing("keras", 0.2, 0.4, 0.3))
    assert judged.reached == pytest.approx(3)
    assert (judged.low, judged.high) == pytest.approx((2, 4))


@pytest.mark.parametrize("who", ["tf_recipes", "keras"])
def test_without_one_of_the_two_nothing_is_judged(who):
    timings = {name: timing(name, 0.1) for name in ("tf_recipes", "keras")}
    timings[who].failed = "died"
    (judged,) = goals.speed(timings, "net")
    assert (judged.reached, judged.met) == (None, None)


def test_the_start():
    (met,) = goals.startup({"tf_recipes": [4.0, 5.0, 9.0], "keras": [4.0, 4.0, 4.0]})
    assert (met.reached, met.low, met.high, met.met) == (1.25, 1.0, 2.25, True)
    (missed,) = goals.startup({"tf_recipes": [6.0], "keras": [4.0]})
    assert (missed.wanted, missed.met) == ("under 1.5", False)
    assert goals.startup({"keras": [4.0]}) == []
