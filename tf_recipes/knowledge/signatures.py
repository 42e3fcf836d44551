"""Reads the arguments of TF1's functions, and the defaults that they have."""

import functools
import json
from collections.abc import Mapping
from importlib import resources

from tf_recipes.knowledge import data_files

FILE = "tf1_signatures.json"


@functools.cache
def of_tf1() -> Mapping[str, Mapping[str, str | None]]:
    """Returns `{TF1 name: {argument: default}}`.

    A default is Python source; None means that the argument is required.
    """
    text = resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    return json.loads(text)["signatures"]


@functools.cache
def positions(name: str) -> Mapping[str, int]:
    """Returns `{argument: its position, from 0}` of a TF1 function; nothing of an unknown one."""
    return {argument: number for number, argument in enumerate(of_tf1().get(name, ()))}


@functools.cache
def changed() -> Mapping[str, tuple[list[str], list[str]]]:
    """Returns `{name: (arguments in TF1, arguments in TensorFlow 2)}` of functions that live on.

    An argument that is only taken by name has a star in front.
    """
    rows = data_files.read("arguments.tsv")
    return {name: (before.split(), now.split()) for name, before, now in rows}
