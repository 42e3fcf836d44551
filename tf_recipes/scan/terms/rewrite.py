"""Defines what a rewrite is: the functions of TF1 that it takes, and an example."""

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tf_recipes.scan.terms.tf1_calls import Call, New

# TF1 understands the code that these make as well, so that they may stand beside TF1's idiom.
EITHER = "either"
# The code that these make is Keras. A function gets it as a whole or not at all.
KERAS = "keras"


_NONE: Mapping[str, Any] = types.MappingProxyType({})


class Facts(NamedTuple):
    """Holds what a whole file uses: canonical names, and those outside any function."""

    names: frozenset[str]
    outside: frozenset[str]


class Rewrite(NamedTuple):
    """Holds one rewrite. A module of `tf_recipes/scan/rewrites` defines one, as `REWRITE`.

    Attributes:
        name: a few words with hyphens.
        idiom: `EITHER` or `KERAS`.
        summary: what is written for what, in one sentence.
        before: a program of TF1.
        after: the same program after the rewrite.
        calls: `{canonical TF1 name: function}`; the function makes the new call of the old one, or
            raises `CannotFix`.
        names: `{canonical TF1 name: new name}` of names that are replaced wherever they stand.
        orders: `{canonical TF1 name: names of its arguments}` where TF1's record lacks them.
        condition: function from the facts of a file to why it is not rewritten, or None.
        suggested: whether a finding shows the new call; not where more than the call decides.
    """

    name: str
    idiom: str
    summary: str
    before: str
    after: str
    calls: Mapping[str, Callable[[Call], New]] = _NONE
    names: Mapping[str, str] = _NONE
    orders: Mapping[str, Sequence[str]] = _NONE
    condition: Callable[[Facts], str | None] = lambda facts: None
    suggested: bool = True
