"""Reads the values of flags that absl gives as texts."""

import json
import os
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


def read_map(path: str) -> dict[str, str]:
    """Returns the map of the flag `map`, which names a JSON file.

    Args:
        path: the value of the flag.

    Raises:
        UsageError: if the file holds no object of texts.
    """
    try:
        if os.path.getsize(path) > 2**24:
            raise ValueError("more than 16 MiB")
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise ValueError("no object of texts")
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:100]
        raise UsageError(
            '--map must name a JSON file of an object, such as {"w1": "dense/kernel"}. '
            f"Received: --map={path} ({reason}). --write_map writes one to begin with."
        ) from None
    return found
