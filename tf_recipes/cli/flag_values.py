"""Reads the values of flags that absl gives as texts."""

from collections.abc import Sequence

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
