"""Checks of arguments, and the one form of their error text: rule, what was received, remedy.

It needs nothing but Python 3.7, because the TF1 side reads it too.
"""

import math
import numbers
from typing import Mapping


def fail(rule, received, remedy):
    """Raises the `ValueError` that every check here ends in."""
    raise ValueError(f"{rule} Received: {received}. {remedy}")


def _is_finite(value):
    """Whether `value` is a finite int or float, Python's or NumPy's."""
    plain = isinstance(value, (int, float)) or type(value).__module__ == "numpy"
    if isinstance(value, bool) or not plain or not isinstance(value, numbers.Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond every float
        return False


def number(field, value, low=None, high=None, open_low=False, open_high=False):
    """Checks that `value` is a finite number in the interval; bools are not numbers."""
    ok = _is_finite(value)
    if ok and low is not None:
        ok = value > low if open_low else value >= low
    if ok and high is not None:
        ok = value < high if open_high else value <= high
    if not ok:
        interval = "{}{}, {}{}".format(
            "(" if open_low or low is None else "[",
            "-inf" if low is None else low,
            "inf" if high is None else high,
            ")" if open_high or high is None else "]",
        )
        fail(
            f"`{field}` must be a finite number in {interval}.",
            f"{field}={value!r}",
            "Give a number in that interval.",
        )


def whole(field, value, low):
    """Checks that `value` is a whole number of at least `low`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < low:
        fail(
            f"`{field}` must be a whole number of at least {low}.",
            f"{field}={value!r}",
            "Give such a number.",
        )


def seed(field, value):
    """Checks a seed, None or a whole number of at least 0; returns it as Python's."""
    if value is None:
        return None
    whole(field, value, 0)
    return int(value)


def choice(field, value, choices):
    """Checks that `value` is one of the words in `choices`."""
    if not isinstance(value, str) or value not in choices:
        fail(
            "`{}` must be one of {}.".format(field, ", ".join(sorted(choices))),
            f"{field}={value!r}",
            "Choose one of them.",
        )


def flag(field, value):
    """Checks that `value` is a bool."""
    if not isinstance(value, bool):
        fail(
            f"`{field}` must be true or false.",
            f"{field}={value!r}",
            "Give a bool.",
        )


def keys(field, value, allowed, required=()):
    """Checks that `value` is a mapping with allowed keys only, and with those required."""
    if not isinstance(value, Mapping):
        fail(
            f"`{field}` must be a mapping or None.",
            f"{field}={value!r}",
            "Give the arguments by name.",
        )
    for key in value:
        if key not in allowed:
            fail(
                "`{}` takes the keys {}.".format(field, ", ".join(sorted(set(allowed)))),
                f"unknown key {key!r}",
                "Remove it or correct its spelling.",
            )
    for key in required:
        if key not in value:
            fail(
                f"`{field}` needs the key `{key}`.",
                f"{field}={dict(value)!r}",
                "Add it: TF1 has no default for it.",
            )


def scale(field, value):
    """Checks a regularizer's scale: a float of at least 0; TF1 refused integers, so do we."""
    if isinstance(value, numbers.Integral):
        fail(
            "A regularizer's scale must be a float, as in TF1.",
            f"{field}={value!r}",
            f"Write {int(value)}.0.",
        )
    number(field, value, 0)


def axes(field, value, rank):
    """Checks an axis or a tuple of different axes of a tensor of at most `rank` axes."""
    listed = value if isinstance(value, tuple) else (value,)
    whole_numbers = all(
        isinstance(axis, numbers.Integral) and not isinstance(axis, bool) for axis in listed
    )
    if (
        not listed
        or not whole_numbers
        or not all(-rank <= axis < rank for axis in listed)
        or len({axis % rank for axis in listed}) < len(listed)
    ):
        fail(
            f"`{field}` must be an int from {-rank} to {rank - 1}, or a tuple of different ones.",
            f"{field}={value!r}",
            "A dense kernel has the axes (in, out): 0 bounds each unit's incoming weights, "
            "1 each input's outgoing weights.",
        )
    return tuple(int(axis) for axis in listed)
