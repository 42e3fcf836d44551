"""Tests an optimizer's run: equal starts and batches, and the ways to end."""

import numpy as np
import pytest

from lab.chapters.optimizer_race import BATCH_SIZE, Racer, Track, batches, crossing, points
from tf_recipes.training.splits import split


@pytest.fixture(scope="module")
def track(sample):
    return Track(*split(sample, "float32")[0], 300)


@pytest.fixture(scope="module")
def racers(track):
    return {name: Racer(name, track) for name in ("gradient_descent", "momentum", "adam")}


def test_points_are_dense_and_end_with_the_last_step():
    found = np.array(points(10_000))
    assert found[0] == 0 and found[-1] == 10_000 and len(found) < 100
    steps = np.diff(found)
    assert (steps >= 1).all() and (steps <= np.maximum(1, found[:-1] * 0.1 + 1)).all()


def test_crossing_is_in_a_straight_line_of_the_logarithm():
    # ln 0.4 - ln 0.1 in 100 steps; from 0.4 to 0.2 is half of that
    assert crossing((100, 0.4), (200, 0.1), 0.2) == pytest.approx(150)
    assert crossing((100, 0.4), (200, 0.1), 0.1) == pytest.approx(200)


def test_batches_are_whole_passes_in_an_order_of_the_seed(track):
    order, count = track.order(3).numpy(), len(track.y)
    assert len(order) == 300 * BATCH_SIZE
    for start in range(0, len(order) - count, count):
        np.testing.assert_array_equal(np.sort(order[start : start + count]), np.arange(count))
    assert (order[:count] != order[count : 2 * count]).any()
    assert (order != track.order(4).numpy()).any()
    np.testing.assert_array_equal(batches(count, 300, 3), order)


def test_all_start_alike_and_see_the_same_batches(racers):
    curves = {name: racer.run(0.01, 1, 0.1, 2)["curve_loss"] for name, racer in racers.items()}
    assert len({curve[0] for curve in curves.values()}) == 1
    assert 2.0 < curves["adam"][0] < 3.0  # about ln 10
    # momentum's first step is gradient descent's, its second is not
    plain, momentum = curves["gradient_descent"], curves["momentum"]
    assert momentum[1] == pytest.approx(plain[1], rel=1e-6) and momentum[2] < plain[2]
    other = racers["momentum"].run(0.01, 2, 0.1, 2)["curve_loss"]
    assert other[0] != momentum[0]


def test_a_run_again_is_the_same(racers):
    first = racers["adam"].run(0.001, 0, 0.5)
    racers["adam"].run(0.1, 1, 0.5, 20)
    assert racers["adam"].run(0.001, 0, 0.5) == first


def test_where_a_run_ends(racers):
    run = racers["adam"].run(0.001, 0, 0.5)
    assert run["end"] == "reached"
    assert run["curve_loss"][-1] <= 0.5 < min(run["curve_loss"][:-1])
    assert run["curve_steps"][-2] < run["steps_to_target"] <= run["curve_steps"][-1]
    assert run["curve_steps"] == points(300)[: len(run["curve_steps"])]
    run = racers["gradient_descent"].run(1e-4, 0, 0.5, 20)
    assert (run["end"], run["steps_to_target"], run["limit"]) == ("not reached", None, 20)
    assert run["curve_steps"][-1] == 21  # the first step of the curve that is not below the limit
    run = racers["momentum"].run(1e6, 0, 0.5)
    assert (run["end"], run["steps_to_target"]) == ("diverged", None)
    assert not np.isfinite(run["curve_loss"][-1]) and run["curve_steps"][-1] < 300
