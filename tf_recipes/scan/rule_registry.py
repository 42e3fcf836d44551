"""Finds the rules: each module of `tf_recipes/scan/rules` defines one, and no list names them."""

import functools
import importlib
import pkgutil
from collections.abc import Mapping

from tf_recipes.scan import rules
from tf_recipes.scan.terms.rule import Rule


@functools.cache
def all_rules() -> Mapping[str, Rule]:
    """Returns `{code: rule}` in the order of the codes.

    Raises:
        ValueError: if two rules have one code.
    """
    found: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(rules.__path__):
        rule = importlib.import_module(f"{rules.__name__}.{module.name}").RULE
        if rule.code in found:
            raise ValueError(
                f"A code belongs to one rule. Received: {rule.code!r}, of {rule.name!r} and "
                f"{found[rule.code].name!r}. Give the newer rule the next free code."
            )
        found[rule.code] = rule
    return dict(sorted(found.items()))
