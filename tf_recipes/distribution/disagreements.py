"""Finds and describes differences between two JSON objects."""

import json
from typing import Any

_ABSENT = object()
_LONGEST = 200  # characters of a value in an error text


def first_disagreement(left: Any, right: Any, prefix: str = "") -> tuple[str, str, str] | None:
    """Returns the first difference as `(name, value in left, value in right)`, or None.

    >>> first_disagreement({"recipe": {"seed": 1}}, {"recipe": {"seed": 2}})
    ('recipe.seed', '1', '2')
    """
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted(left.keys() | right.keys()):
            name = f"{prefix}.{key}" if prefix else key
            difference = first_disagreement(left.get(key, _ABSENT), right.get(key, _ABSENT), name)
            if difference:
                return difference
        return None
    return None if left == right else (prefix, _shown(left), _shown(right))


def _shown(value: Any) -> str:
    text = "nothing" if value is _ABSENT else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
