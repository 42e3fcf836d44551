"""Defines what a pattern is, and finds all patterns."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tf_recipes.convert.lifting.values import Value

PATTERNS = "tf_recipes.convert.patterns"  # the folder's modules import this one


@dataclasses.dataclass(frozen=True)
class Pattern:
    """Recognises one kind of subgraph by the node that gives its result.

    Attributes:
        name: a few words, the name of the pattern in reports and pages.
        ops: the operations of the node that gives the result.
        lift: takes the node and the `Lifter`; returns the value of the node's outputs, one or a
            list, or None where the node is not the end of such a subgraph.
        keras: what the subgraph becomes, as source code with `…`.
        order: patterns with a lower number are asked first; a pattern that looks at a larger
            subgraph has a lower one than the pattern of its last operation alone.
    """

    name: str
    ops: tuple[str, ...]
    lift: Callable[[Any, Any], Value | Sequence[Value] | None]
    keras: str
    order: int = 50


@functools.cache
def all_patterns() -> tuple[Pattern, ...]:
    """Returns the patterns of every module in `tf_recipes/convert/patterns`, by name."""
    found: list[Pattern] = []
    patterns = importlib.import_module(PATTERNS)
    for module in pkgutil.iter_modules(patterns.__path__):
        if not module.name.startswith("_"):
            found += importlib.import_module(f"{patterns.__name__}.{module.name}").PATTERNS
    return tuple(sorted(found, key=lambda each: each.name))


@functools.cache
def by_operation() -> Mapping[str, tuple[Pattern, ...]]:
    """Returns `{operation: the patterns that may end with it, in the order of asking}`."""
    found: dict[str, list[Pattern]] = defaultdict(list)
    for pattern in all_patterns():
        for op in pattern.ops:
            found[op].append(pattern)
    return {op: tuple(sorted(each, key=lambda p: (p.order, p.name))) for op, each in found.items()}
