"""Parses JSON texts from elsewhere."""

import json
import math
from typing import Any

DEEPEST = 16  # objects and lists in a JSON text, one in the other


def parse(text: str) -> Any:
    """Parses standard JSON: NaN and infinity, which Python alone reads, are refused.

    So is what is nested deeper than `DEEPEST`: nobody who takes it apart runs out of stack.

    Args:
        text: the JSON text.

    Raises:
        ValueError: if the text is no JSON, holds no finite number, or is nested too deep.
        RecursionError: if the text is nested so deep that Python's parser gives up.

    >>> parse('{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    """
    value = json.loads(text, parse_constant=_finite_number, parse_float=_finite_number)
    level, depth = [value], 0
    while level := [item for each in level for item in _items(each)]:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"more than {DEEPEST} objects and lists in one another")
    return value


def _items(value: Any) -> list[Any]:
    """Returns the items of a JSON object or list, and of anything else none."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _finite_number(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is no finite number")
    return value
