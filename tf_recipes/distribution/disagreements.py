"""In what two JSON objects differ, in words."""

import json

_ABSENT = object()


def first(theirs, ours, prefix=""):
    """The first difference as `(name, theirs, ours)`, or None.

    >>> first({"recipe": {"seed": 1}}, {"recipe": {"seed": 2}})
    ('recipe.seed', '1', '2')
    """
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(theirs.keys() | ours.keys()):
            name = f"{prefix}.{key}" if prefix else key
            found = first(theirs.get(key, _ABSENT), ours.get(key, _ABSENT), name)
            if found:
                return found
        return None
    return None if theirs == ours else (prefix, _words(theirs), _words(ours))


def _words(value):
    return "nothing" if value is _ABSENT else json.dumps(value)
