"""Tests the checks: which values pass, which fail, and the form of the error text."""

import numpy as np
import pytest

from tf_recipes._support import validation


def test_text_is_rule_received_remedy():
    with pytest.raises(ValueError) as caught:
        validation.fail("`x` must be one.", "x=2", "Give 1.")
    assert str(caught.value) == "`x` must be one. Received: x=2. Give 1."


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.25), np.int64(1)])
def test_numbers_in_the_interval_pass(value):
    assert validation.number("x", value, 0, 1) is None


@pytest.mark.parametrize("value", [True, "1", None, 1j, [0.5], float("nan"), -0.1, 1.1])
def test_other_values_are_no_numbers_of_it(value, fails):
    with fails("`x` must be a finite number in [0, 1].", f"x={value!r}"):
        validation.number("x", value, 0, 1)


@pytest.mark.parametrize(
    "arguments, interval",
    [
        ({}, "(-inf, inf)"),
        ({"low": 0}, "[0, inf)"),
        ({"low": 0, "open_low": True}, "(0, inf)"),
        ({"high": 1}, "(-inf, 1]"),
        ({"low": 0, "high": 1, "open_high": True}, "[0, 1)"),
    ],
)
def test_interval_is_written_out(arguments, interval, fails):
    with fails(f"in {interval}."):
        validation.number("x", float("inf"), **arguments)


@pytest.mark.parametrize(
    "arguments, remedy",
    [
        ({}, "Pass a finite number."),
        ({"low": 0}, "Pass a finite number that is at least 0."),
        ({"low": 0, "open_low": True}, "Pass a finite number that is above 0."),
        ({"high": 1}, "Pass a finite number that is at most 1."),
        (
            {"low": 0, "high": 1, "open_high": True},
            "Pass a finite number that is at least 0 and below 1.",
        ),
    ],
)
def test_remedy_has_the_interval_in_words(arguments, remedy, fails):
    with fails(remedy):
        validation.number("x", float("nan"), **arguments)


def test_open_ends_are_outside(fails):
    for value in (0, 1):
        validation.number("x", value, 0, 1)
        with fails("(0, 1)"):
            validation.number("x", value, 0, 1, open_low=True, open_high=True)


@pytest.mark.parametrize("value", [0, 2.0, True, None, "3"])
def test_whole(value, fails):
    validation.whole("n", 1, 1)
    validation.whole("n", np.int8(4), 1)
    with fails("`n`", "at least 1", f"n={value!r}"):
        validation.whole("n", value, 1)


@pytest.mark.parametrize("value", ["c", None, 1, ["a"], ""])
def test_choice(value, fails):
    validation.choice("word", "a", {"a": 1, "b": 2})
    with fails("`word` must be one of a, b.", repr(value)):
        validation.choice("word", value, {"b": 1, "a": 2})


@pytest.mark.parametrize("value", [0, 1, None, "true"])
def test_flag(value, fails):
    validation.flag("on", True)
    validation.flag("on", False)
    with fails("`on` must be true or false.", f"on={value!r}"):
        validation.flag("on", value)


def test_keys(fails):
    validation.keys("m", {"a": 1}, ("a", "b"), required=("a",))
    with fails("`m` must be a mapping or None.", "m=3"):
        validation.keys("m", 3, ("a",))
    with fails("`m` takes the keys a, b.", "unknown key 'c'"):
        validation.keys("m", {"c": 1}, ("b", "a"))
    with fails("`m` needs the key `a`.", "{'b': 1}", "TF1 has no default"):
        validation.keys("m", {"b": 1}, ("a", "b"), required=("a",))


def test_scale(fails):
    validation.scale("s", 0.0)
    for value in (1, True, np.int64(2)):
        with fails("must be a float, as in TF1", f"Write {float(value)!r}."):
            validation.scale("s", value)


@pytest.mark.parametrize(
    "value, expected", [(0, (0,)), (-2, (-2,)), ((1, 0), (1, 0)), (np.int64(1), (1,))]
)
def test_axes_become_a_tuple_of_ints(value, expected):
    axes = validation.axes("axis", value, rank=2)
    assert axes == expected
    assert all(type(axis) is int for axis in axes)


@pytest.mark.parametrize("value", [2, -3, (0, 0), (0, -2), (1, -1), (), None, 0.0, True, [0]])
def test_bad_axes(value, fails):
    with fails("from -2 to 1", f"axis={value!r}", "(in, out)"):
        validation.axes("axis", value, rank=2)
