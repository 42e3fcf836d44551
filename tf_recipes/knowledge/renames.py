"""Reads what computes the same as a TF1 name under another name."""

import functools
from collections.abc import Mapping
from typing import NamedTuple

from tf_recipes.knowledge import data_files


class Counterpart(NamedTuple):
    """Holds a function that computes what a TF1 function computed, and the arguments of both.

    `given` are arguments that it needs besides, such as `dtype="float32"`. `before` and `now` are
    the names of the arguments in order; one that is only taken by name has a star in front.
    """

    function: str
    given: tuple[str, ...]
    before: tuple[str, ...]
    now: tuple[str, ...]


@functools.cache
def living() -> Mapping[str, str]:
    """Returns `{vanished name: another TF1 name of the same object}` that TensorFlow 2 still has.

    The arguments are the same.

    >>> living()["tf.log"]
    'tf.math.log'
    """
    rows = data_files.read("renamed.tsv")
    return {name: place for name, place, before, _ in rows if not before}


@functools.cache
def counterparts() -> Mapping[str, Counterpart]:
    """Returns `{TF1 name: counterpart}` of the rows of the index that were run, without condition.

    >>> counterparts()["tf.reduce_sum"].function
    'keras.ops.sum'
    """
    made = {}
    for name, place, before, now in data_files.read("renamed.tsv"):
        if before:
            function, *given = place.split()
            arguments = tuple(before.split()), tuple(now.split())
            made[name] = Counterpart(function, tuple(given), *arguments)
    return made
