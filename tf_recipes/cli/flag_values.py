"""Reads the values of flags that absl gives as texts."""

import json
from collections.abc import Sequence
from typing import Any

from tf_recipes.cli.application import UsageError


def whole_numbers(flag: str, texts: Sequence[str]) -> list[int]:
    """Returns the numbers of a list flag.

    Args:
        flag: the flag's name, for the error.
        texts: what absl read, one text for each number.

    Raises:
        UsageError: for a text that is no whole number.
    """
    return _numbers(flag, texts, int, "whole numbers")


def numbers(flag: str, texts: Sequence[str]) -> list[float]:
    """Returns the numbers of a list flag, as floats; otherwise as `whole_numbers`."""
    return _numbers(flag, texts, float, "numbers")


def _numbers(flag, texts, kind, what):
    try:
        return [kind(text) for text in texts]
    except ValueError:
        raise UsageError(
            f"--{flag} takes {what} separated by commas. Received: {','.join(texts)!r}."
        ) from None


def named_value(flag: str, text: str) -> tuple[str, Any]:
    """Returns the name and the value of a flag NAME=VALUE.

    Args:
        flag: the flag's name, for the error.
        text: what absl read.

    Raises:
        UsageError: for a value that is no number, nor true or false.
    """
    name, equals, value = text.partition("=")
    words = {"true": True, "false": False}
    try:
        found = words[value.lower()] if value.lower() in words else json.loads(value)
        if isinstance(found, str | dict | None) or not equals or not name:
            raise ValueError
    except ValueError:
        raise UsageError(
            f"--{flag} takes NAME=VALUE with a number, true or false. Received: --{flag}={text}. "
            f"Write for example --{flag}=keep_prob=0.5."
        ) from None
    return name, found
