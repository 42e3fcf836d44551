"""Tells what the names of a module stand for, for the files that import it."""

import ast
from collections.abc import Iterator

from tf_recipes.knowledge import symbols
from tf_recipes.scan.reading.lookups import MOST
from tf_recipes.scan.reading.resolution import EVERY, ITEM, RESULT, Reference, Resolver
from tf_recipes.scan.reading.scopes import Binding


def exported(resolver: Resolver) -> dict[str, tuple[str, ...]]:
    """Returns what the names of the module stand for, for the files that import it."""
    made: dict[str, tuple[str, ...]] = {}
    for star in resolver.module.stars:
        if star.startswith("@"):
            resolver.asked.add((star, EVERY))
            made.update(resolver.exports(star))
        else:
            made.update((name, (f"{star}.{name}",)) for name in symbols.members(star))
    for name, bindings in resolver.module.bindings.items():
        found = [each.name for binding in bindings for each in resolver.binding(binding)]
        exported = tuple(each for each in dict.fromkeys(found) if each[:1] != "@")
        if exported:
            made[name] = exported[:MOST]
        for inner, references in _inner(resolver, name, bindings):
            kept = tuple(each.name for each in references if each.name[:1] != "@")
            if kept:
                made[f"{name}{inner}"] = tuple(dict.fromkeys(kept))[:MOST]
    return made


def _inner(
    resolver: Resolver, name: str, bindings: list[Binding]
) -> Iterator[tuple[str, tuple[Reference, ...]]]:
    """Yields the attributes of a class, the result of a function, the items of a container."""
    for binding in bindings:
        made = binding.made
        if made is not None and made.kind == "class":
            for attribute in (*made.attributes, *made.bindings):
                yield f".{attribute}", resolver.member(made, attribute)
        elif made is not None and made.results:
            yield RESULT, resolver.result(made)
        elif isinstance(binding.value, ast.Dict | ast.List | ast.Tuple | ast.Call):
            items = resolver.lookups.items(binding.value, resolver.module)
            yield ITEM, resolver.each((item for item, _ in items), resolver.module)
