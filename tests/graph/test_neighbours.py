import numpy as np
import pytest

from tf_recipes.graph import neighbours


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_each_entry_moves_to_the_next_number_up_or_down(dtype, monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 3)
    random = np.random.RandomState(0)
    value = random.standard_normal((4, 5)).astype(dtype)
    value[1, :3] = 0.0, -0.0, 1.0
    draws = random.rand(4, 5)
    left = iter(draws.ravel())
    found = neighbours.ulps_away(value, lambda part: np.array([next(left) for _ in part]) >= 0.5)
    expected = np.nextafter(value, np.where(draws < 0.5, -np.inf, np.inf).astype(dtype))
    assert found.dtype == value.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_several_ulps_are_as_many_neighbours(dtype):
    random = np.random.RandomState(1)
    value = random.standard_normal(30).astype(dtype)
    smallest = np.nextafter(np.array(0, dtype), np.array(1, dtype))
    value[:6] = 0.0, -0.0, 9 * smallest, -9 * smallest, 10 * smallest, np.finfo(dtype).max
    up = random.rand(30) >= 0.5
    up[:6] = True, False, True, True, False, False
    expected = value.copy()
    for _ in range(10):
        expected = np.nextafter(expected, np.where(up, np.inf, -np.inf).astype(dtype))
    expected[:4] = np.array([10, -10, 10, 10]) * smallest  # as far from zero as 10 numbers
    found = neighbours.ulps_away(value, lambda part: up, ulps=10)
    np.testing.assert_array_equal(found, expected)
    assert found[5] < value[5]


def test_what_is_no_floating_point_number_stays():
    for value in (np.arange(3), np.array(True)):
        assert neighbours.ulps_away(value, lambda part: np.ones(part.shape, bool)) is value
    zero = neighbours.ulps_away(np.float32([1.0])[0:1].reshape(()), lambda part: part > 0)
    assert zero.shape == () and zero == np.nextafter(np.float32(1), np.float32(2))


def test_parts_of_several_arrays_belong_together(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 4)
    one = np.arange(6).reshape(2, 3)
    pairs = list(neighbours.blocks(one, one.T.copy().T + 10))
    assert [len(part) for part, _ in pairs] == [4, 2]
    assert all((other - part == 10).all() for part, other in pairs)


def test_a_start_one_ulp_away_is_moved_in_every_entry_and_repeats():
    initial = {"w": np.ones((50, 4), "f4"), "step": np.array(3), "other": np.ones(2, "f4")}
    starts = list(neighbours.starts(initial, ["w", "step"], 3, seed=5))
    again = list(neighbours.starts(initial, ["w", "step"], 3, seed=5))
    for start, same in zip(starts, again, strict=True):
        moved = start["w"] - initial["w"]
        assert set(np.unique(moved)) == {np.float32(-(2**-24)), np.float32(2**-23)}
        assert start["step"] == 3 and (start["other"] == 1).all()
        assert (start["w"] == same["w"]).all() and start["w"].dtype == np.float32
    assert (starts[0]["w"] != starts[1]["w"]).any()
    (far,) = neighbours.starts(initial, ["w"], 1, seed=5, ulps=10)
    assert set(np.unique(far["w"] - 1)) == {np.float32(-10 * 2**-24), np.float32(10 * 2**-23)}
