"""Checks arguments; every error text has one form: rule, received value, remedy.

The TF1 side imports this module too, so it needs only the standard library of Python 3.7.
"""

import math
import numbers
from typing import Any, Collection, Iterable, Mapping, NoReturn, Optional, Tuple


def fail(rule: str, received: str, remedy: str) -> NoReturn:
    """Raises a `ValueError` with the form of text that every check of this module uses."""
    raise ValueError(f"{rule} Received: {received}. {remedy}")


def _is_finite(value: Any) -> bool:
    """Returns whether `value` is a finite int or float of Python or NumPy."""
    plain = isinstance(value, (int, float)) or type(value).__module__ == "numpy"
    if isinstance(value, bool) or not plain or not isinstance(value, numbers.Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int that is larger than every float
        return False


def number(
    field: str,
    value: Any,
    low: Optional[float] = None,
    high: Optional[float] = None,
    open_low: bool = False,
    open_high: bool = False,
) -> None:
    """Checks that `value` is a finite number in the interval; a bool is not a number."""
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
            f"Pass a finite number{_in_words(low, high, open_low, open_high)}.",
        )


def _in_words(low: Optional[float], high: Optional[float], open_low: bool, open_high: bool) -> str:
    """Returns the interval in words, such as " that is above 0 and at most 1"."""
    bounds = []
    if low is not None:
        bounds.append("{} {}".format("above" if open_low else "at least", low))
    if high is not None:
        bounds.append("{} {}".format("below" if open_high else "at most", high))
    return " that is {}".format(" and ".join(bounds)) if bounds else ""


def whole(field: str, value: Any, low: int) -> None:
    """Checks that `value` is a whole number of at least `low`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < low:
        fail(
            f"`{field}` must be a whole number of at least {low}.",
            f"{field}={value!r}",
            f"Pass an integer such as {low}.",
        )


def seed(field: str, value: Any) -> Optional[int]:
    """Checks that a seed is None or a whole number of at least 0; returns None or a Python int."""
    if value is None:
        return None
    whole(field, value, 0)
    return int(value)


def choice(field: str, value: Any, choices: Collection[str]) -> None:
    """Checks that `value` is one of the strings in `choices`."""
    if not isinstance(value, str) or value not in choices:
        fail(
            "`{}` must be one of {}.".format(field, ", ".join(sorted(choices))),
            f"{field}={value!r}",
            "Choose one of the listed values.",
        )


def flag(field: str, value: Any) -> None:
    """Checks that `value` is a bool."""
    if not isinstance(value, bool):
        fail(
            f"`{field}` must be true or false.",
            f"{field}={value!r}",
            "Pass True or False.",
        )


def keys(field: str, value: Any, allowed: Iterable[str], required: Iterable[str] = ()) -> None:
    """Checks that `value` is a mapping with only allowed keys and with all required keys."""
    if not isinstance(value, Mapping):
        fail(
            f"`{field}` must be a mapping or None.",
            f"{field}={value!r}",
            "Pass a dict, or None.",
        )
    allowed = set(allowed)  # after the check above: Recipe passes `value` itself here
    for key in value:
        if key not in allowed:
            fail(
                "`{}` takes the keys {}.".format(field, ", ".join(sorted(allowed))),
                f"unknown key {key!r}",
                "Remove the key or correct its spelling.",
            )
    for key in required:
        if key not in value:
            fail(
                f"`{field}` needs the key `{key}`.",
                f"{field}={dict(value)!r}",
                "Add the key: TF1 has no default for it.",
            )


def scale(field: str, value: Any) -> None:
    """Checks that a regularizer's scale is a float of at least 0; TF1 refused an integer, too."""
    if isinstance(value, numbers.Integral):
        fail(
            "A regularizer's scale must be a float, as in TF1.",
            f"{field}={value!r}",
            f"Write {int(value)}.0.",
        )
    number(field, value, 0)


def axes(field: str, value: Any, rank: int) -> Tuple[int, ...]:
    """Checks that `value` is an axis or a tuple of different axes, and returns a tuple of ints.

    The tensor has at most `rank` axes.
    """
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
            "Pass 0 to bound the incoming weights of each unit, or 1 to bound the outgoing weights "
            "of each input: a dense kernel has the axes (in, out).",
        )
    return tuple(int(axis) for axis in listed)
