import gc

import numpy as np
import pytest

from tf_recipes.fast_fit import batches
from tf_recipes.fast_fit.copies import Copies, is_read_only, same_bytes


class Device:
    """Places arrays in memory that NumPy can read, or cannot, and counts."""

    def __init__(self, readable):
        self.readable, self.placed = readable, 0

    def place(self, array):
        self.placed += 1
        return array.astype("float32")

    def memory(self, placed):
        return placed if self.readable else None


def fit(copies, *arrays):
    copies.begin()
    found = [copies.of(array) for array in arrays]
    copies.end()
    return found


def test_a_processor_compares_every_byte():
    device = Device(readable=True)
    copies = Copies(device.place, device.memory)
    array = np.random.default_rng(0).random((1000, 33)).astype("float32")
    array[0, 0] = np.nan  # which equals nothing, and has the same bytes
    (first,) = fit(copies, array)
    assert fit(copies, array)[0] is first and device.placed == 1
    half = fit(copies, array[500:], array)  # as `validation_split` makes views of an array
    assert half[1] is first and device.placed == 2
    assert fit(copies, array[500:], array)[0] is half[0]
    array[999, 32] += 1
    assert fit(copies, array)[0] is not first
    wrong = array.astype("float64")  # its bytes are not those of the copy
    fit(copies, wrong)
    assert not copies._kept


def test_what_was_read_only_and_is_not_now_is_copied_again():
    copies = Copies(np.copy, lambda placed: None)
    array = np.ones(3)
    array.setflags(write=False)
    (first,) = fit(copies, array)
    array.setflags(write=True)
    assert fit(copies, array)[0] is not first and not copies._kept


def test_elsewhere_only_what_nobody_can_write_into_is_kept():
    device = Device(readable=False)
    copies = Copies(device.place, device.memory)
    array, other = np.ones(3), np.ones(3)
    array.setflags(write=False)
    view = other[:]
    view.setflags(write=False)  # somebody can still write into `other`
    first = fit(copies, array, other, view)
    again = fit(copies, array, other, view)
    assert [a is b for a, b in zip(first, again, strict=True)] == [True, False, False]
    assert is_read_only(np.frombuffer(b"12345678")) and not is_read_only(np.ones(2)[:1])


def test_a_copy_goes_with_its_array_and_when_a_fit_does_without_it():
    copies = Copies(np.copy, lambda placed: placed)
    array, other = np.ones(3), np.zeros(3)
    fit(copies, array, other)
    fit(copies, array)
    assert len(copies._kept) == 1 and not copies._before
    del array
    gc.collect()
    assert not copies._kept


@pytest.mark.parametrize("count", [0, 7, 8, 2**18 + 9])
def test_bytes_are_compared_to_the_last(count):
    one = np.arange(count, dtype="uint8")
    other = one.copy()
    assert same_bytes(one, other)
    if count:
        other[-1] += 1
        assert not same_bytes(one, other)


def test_tensorflow_shows_the_memory_of_a_copy():
    copies, array = batches.copies(), np.random.default_rng(0).random((5, 2)).astype("float32")
    (first,) = fit(copies, array)
    assert fit(copies, array)[0] is first
    array[4, 1] = 7
    (second,) = fit(copies, array)
    assert second is not first and second[4, 1] == 7
