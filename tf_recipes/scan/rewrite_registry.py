"""Finds the rewrites: each module of `tf_recipes/scan/rewrites` defines one, without a list."""

import functools
import importlib
import pkgutil
from collections.abc import Mapping

from tf_recipes.scan import rewrites
from tf_recipes.scan.terms.rewrite import Rewrite


@functools.cache
def all_rewrites() -> Mapping[str, Rewrite]:
    """Returns `{name: rewrite}`, sorted."""
    found: dict[str, Rewrite] = {}
    for module in pkgutil.iter_modules(rewrites.__path__):
        rewrite = importlib.import_module(f"{rewrites.__name__}.{module.name}").REWRITE
        found[rewrite.name] = rewrite
    return dict(sorted(found.items()))
