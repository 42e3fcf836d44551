"""Reads the settings of a scan from `pyproject.toml` or `setup.cfg`, and chooses the rules."""

import configparser
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence

from tf_recipes._support import validation
from tf_recipes.scan import rule_registry

TABLE = "tf-recipes"  # [tool.tf-recipes.scan] and [tf-recipes:scan]
KEYS = ("select", "ignore", "baseline")


def read(folder: str) -> dict[str, list[str]]:
    """Returns the settings of the nearest file at or above a folder that has any.

    The value of each key is a list of words. The path of a baseline is made absolute.

    Args:
        folder: a folder.

    Raises:
        ValueError: if a file cannot be read or has another key.
    """
    folder = os.path.abspath(folder)
    while True:
        for name, reader in (("pyproject.toml", _toml), ("setup.cfg", _cfg)):
            path = os.path.join(folder, name)
            found = reader(path) if os.path.isfile(path) else None
            if found is not None:
                return _checked(path, found)
        above = os.path.dirname(folder)
        if above == folder:
            return {}
        folder = above


def _toml(path: str) -> Mapping[str, object] | None:
    try:
        with open(path, "rb") as file:
            found: object = tomllib.load(file)
        for key in ("tool", TABLE, "scan"):
            if not isinstance(found, dict):
                raise ValueError(f"the parent of {key} is no table")
            if key not in found:
                return None
            found = found[key]
        if not isinstance(found, dict):
            raise ValueError(f"tool.{TABLE}.scan is no table")
        return found
    except (OSError, ValueError) as error:
        raise ValueError(
            f"The settings must be TOML. Received: {path} ({error}). Mend it."
        ) from None


def _cfg(path: str) -> Mapping[str, object] | None:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        text = " ".join(str(error).split())
        raise ValueError(
            f"The settings must be readable. Received: {path} ({text}). Mend it."
        ) from None
    section = f"{TABLE}:scan"
    return dict(parser[section]) if parser.has_section(section) else None


def _checked(path: str, found: Mapping[str, object]) -> dict[str, list[str]]:
    settings = {}
    for key, value in found.items():
        validation.choice(f"a key of {path}", key, KEYS)
        words = value.replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(words, list) or not all(isinstance(each, str) for each in words):
            validation.fail(
                "A setting is a text or a list of texts.",
                f"{value!r} as {key} in {path}",
                "Mend it.",
            )
        settings[key] = words
    if "baseline" in settings:
        parent = os.path.dirname(path)
        settings["baseline"] = [os.path.join(parent, each) for each in settings["baseline"]]
    return settings


def chosen(select: Sequence[str], ignore: Iterable[str]) -> list[str]:
    """Returns the codes of the rules to apply.

    Args:
        select: codes or beginnings of codes; empty for all.
        ignore: codes or beginnings of codes, which count more than `select`.

    Raises:
        ValueError: for a code that no rule begins with.
    """
    known = rule_registry.all_rules()
    ignored = list(ignore)
    for name, codes in (("select", select), ("ignore", ignored)):
        for code in codes:
            if not any(each.startswith(code) for each in known):
                validation.fail(
                    f"`{name}` takes codes of rules, or beginnings of codes.",
                    f"{name}={code}",
                    f"Choose from {', '.join(known)}.",
                )
    return [
        code
        for code in known
        if code.startswith(tuple(select) or "") and not code.startswith(tuple(ignored) or "-")
    ]
