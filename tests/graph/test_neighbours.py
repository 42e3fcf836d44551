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
    found = neighbours.one_ulp_away(value, lambda part: np.array([next(left) for _ in part]) >= 0.5)
    expected = np.nextafter(value, np.where(draws < 0.5, -np.inf, np.inf).astype(dtype))
    assert found.dtype == value.dtype
    np.testing.assert_array_equal(found, expected)


def test_what_is_no_floating_point_number_stays():
    for value in (np.arange(3), np.array(True)):
        assert neighbours.one_ulp_away(value, lambda part: np.ones(part.shape, bool)) is value
    zero = neighbours.one_ulp_away(np.float32([1.0])[0:1].reshape(()), lambda part: part > 0)
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
