"""Resolves what a file's names stand for: `slim.conv2d` is `tf.contrib.slim.conv2d`.

A reference is a dotted name from `tf` on, or from a local module, which begins with `@`.
"""

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tf_recipes.knowledge import symbols
from tf_recipes.scan.reading.bindings import CALLS, LOADS, Binding, Scope, Use, enclosing_class

_MODULES = ("importlib", "functools")
_SELF = ("self", "cls")
_BUILTINS = frozenset(dir(builtins))
_BUSY = object()  # a binding that is being resolved
EVERY = "*"  # all names of a module
MOST = 8  # references of one name; more is no use to anyone
LONGEST = 30  # parts of a dotted name


class Reference(NamedTuple):
    """Holds what an expression stands for: a dotted name, and the `partial` calls around it."""

    name: str
    partials: tuple[ast.Call, ...] = ()


class Resolver:
    """Resolves expressions of one file; what it finds is kept in the file's scopes.

    Args:
        module: the file's outermost scope.
        exports: function from a local module's name to what its names stand for.

    Attributes:
        asked: the names of local modules that were asked for, each as `(module, name)`; `EVERY` is
            the name where a star import takes them all.
    """

    def __init__(
        self, module: Scope, exports: Callable[[str], Mapping[str, tuple[str, ...]]]
    ) -> None:
        self._module, self._exports = module, exports
        self.asked: set[tuple[str, str]] = set()

    def resolve_use(self, use: Use) -> tuple[Reference, ...]:
        """Returns what a use may stand for; most names of a file stand for nothing."""
        root = use.root
        if root is None:
            return self.resolve(use.node, use.scope)
        if root.id not in _SELF:
            references = self._name(root.id, use.scope, root)
            if not references:
                return ()
            if len(references) == 1:
                if use.node is root:
                    return references
                return self._attributes(references[0], use.node)
        return self.resolve(use.node, use.scope)

    def resolve(self, node: ast.expr | None, scope: Scope) -> tuple[Reference, ...]:
        """Returns what an expression may stand for; nothing if it is not TensorFlow's."""
        found = self._resolve(node, scope)
        if len(found) > 1:
            found = tuple(dict.fromkeys(found))[:MOST]
            if any(_is_compat(each) for each in found):
                # `try: import tensorflow.compat.v1 as tf` takes the place of the older one
                found = tuple(each for each in found if _is_compat(each))
        return found

    def _resolve(self, node: ast.expr | None, scope: Scope) -> tuple[Reference, ...]:
        if type(node) is ast.Name:
            return self._name(node.id, scope, node)
        resolve = _KINDS.get(type(node))
        return resolve(self, node, scope) if resolve is not None else ()

    def _of_attribute(self, node: ast.Attribute, scope: Scope) -> tuple[Reference, ...]:
        found: tuple[Reference, ...] = ()
        inner = node.value
        if type(inner) is ast.Name and inner.id in _SELF:
            owner = enclosing_class(scope)
            for binding in owner.attributes.get(node.attr, ()) if owner is not None else ():
                found += self._binding(binding)
        for each in self._resolve(inner, scope):
            found += self._attribute(each, node.attr)
        return found

    def _of_subscript(self, node: ast.Subscript, scope: Scope) -> tuple[Reference, ...]:
        return self._each(self._items(node.value, scope), scope)

    def _of_condition(self, node: ast.IfExp, scope: Scope) -> tuple[Reference, ...]:
        return self._each((node.body, node.orelse), scope)

    def _of_choice(self, node: ast.BoolOp, scope: Scope) -> tuple[Reference, ...]:
        return self._each(node.values, scope)

    def _of_walrus(self, node: ast.NamedExpr, scope: Scope) -> tuple[Reference, ...]:
        return self._resolve(node.value, scope)

    def _each(self, nodes: Iterable[ast.expr], scope: Scope) -> tuple[Reference, ...]:
        found: tuple[Reference, ...] = ()
        for node in nodes:
            found += self._resolve(node, scope)
        return found

    def literals(self, node: ast.expr | None, scope: Scope) -> Iterator[ast.expr]:
        """Yields the expressions that a name is bound to in the file; any other node is itself."""
        if not isinstance(node, ast.Name):
            if node is not None:
                yield node
            return
        current: Scope | None = scope
        while current is not None and node.id not in current.bindings:
            current = current.parent
        for binding in current.bindings[node.id] if current is not None else ():
            if binding.value is not None:
                yield binding.value

    def _items(self, node: ast.expr, scope: Scope) -> Iterator[ast.expr]:
        """Yields the items of a dict, list or tuple that is written out in the file."""
        for literal in self.literals(node, scope):
            if isinstance(literal, ast.Dict):
                yield from literal.values
            elif isinstance(literal, ast.List | ast.Tuple):
                yield from literal.elts

    def _attributes(self, reference: Reference, node: ast.expr) -> tuple[Reference, ...]:
        """Returns what `a.b.c` stands for, where `a` stands for one reference."""
        if reference.partials:
            return ()
        if reference.name.startswith("@"):
            inner = node.value if isinstance(node, ast.Attribute) else node
            found = (reference,) if type(inner) is ast.Name else self._attributes(reference, inner)
            attribute = node.attr if isinstance(node, ast.Attribute) else ""
            made: tuple[Reference, ...] = ()
            for each in found:
                made += self._attribute(each, attribute)
            return made
        parts = []
        while type(node) is ast.Attribute:
            parts.append(node.attr)
            node = node.value
        if reference.name.count(".") + len(parts) > LONGEST:
            return ()
        return (Reference(f"{reference.name}.{'.'.join(reversed(parts))}"),)

    def _attribute(self, reference: Reference, name: str) -> tuple[Reference, ...]:
        if reference.name.startswith("@"):
            return self._exported(reference.name, name)
        if reference.name.count(".") < LONGEST and not reference.partials:
            return (Reference(f"{reference.name}.{name}"),)
        return ()

    def _exported(self, module: str, name: str) -> tuple[Reference, ...]:
        """Returns what a name of a local module stands for."""
        self.asked.add((module, name))
        return tuple(Reference(each) for each in self._exports(module).get(name, ()))

    def _call(self, node: ast.Call, scope: Scope) -> tuple[Reference, ...]:
        """Resolves `getattr(x, "name")`, `import_module("tensorflow")` and `partial(f, ...)`."""
        function = node.func
        if type(function) is ast.Name:
            called = function.id
        elif type(function) is ast.Attribute and type(function.value) is ast.Name:
            called = function.attr if function.value.id in _MODULES else ""
        else:
            return ()
        if called not in CALLS or not node.args:
            return ()
        found: tuple[Reference, ...] = ()
        if called == "getattr":
            part = _text(node.args[1]) if len(node.args) > 1 else None
            for each in self._resolve(node.args[0], scope) if part else ():
                for name in str(part).split("."):
                    found += self._attribute(each, name)
        elif called in LOADS:
            module = _text(node.args[0])
            root, dot, rest = (module or "").partition(".")
            if root == "tensorflow":
                return (Reference("tf" if called == "__import__" else f"tf{dot}{rest}"),)
        else:
            for each in self._resolve(node.args[0], scope):
                found += (Reference(each.name, (*each.partials, node)),)
        return found

    def _name(self, name: str, scope: Scope, node: ast.expr) -> tuple[Reference, ...]:
        current: Scope | None = scope
        while current is not None:
            bindings = current.bindings.get(name)
            if (
                bindings is not None
                and (current is scope or current.kind != "class")
                and name not in current.globals
            ):
                known = current.known.get(name)
                if known is None:
                    known = self._all_of(current, name, bindings)
                if not known or current is not scope or len(bindings) == 1:
                    return known
                found: tuple[Reference, ...] = ()
                for binding in _reaching(bindings, (node.lineno, node.col_offset)):
                    found += self._binding(binding)
                return found
            current = current.parent
        return () if name in _BUILTINS else self._starred(name, scope)

    def _all_of(self, scope: Scope, name: str, bindings: list[Binding]) -> tuple[Reference, ...]:
        """Returns what all bindings of a name stand for, and keeps it where that is settled."""
        found: tuple[Reference, ...] = ()
        for binding in bindings:
            found += self._binding(binding)
        if all(type(binding.known) is tuple for binding in bindings):
            scope.known[name] = found
        return found

    def _starred(self, name: str, scope: Scope | None) -> tuple[Reference, ...]:
        found: tuple[Reference, ...] = ()
        while scope is not None:
            for star in scope.stars:
                if star.startswith("@"):
                    found += self._exported(star, name)
                elif symbols.is_known(f"{star}.{name}"):
                    found += (Reference(f"{star}.{name}"),)
            scope = scope.parent
        return found

    def _binding(self, binding: Binding) -> tuple[Reference, ...]:
        known = binding.known
        if known is not None:
            return () if known is _BUSY else known
        if binding.value is None and not binding.names:
            binding.known = ()
            return ()
        binding.known = _BUSY
        found = tuple(Reference(name) for name in binding.names)
        for reference in found:
            if reference.name.startswith("@") and "." in reference.name.rpartition("/")[2]:
                module, _, last = reference.name.rpartition(".")
                found += self._exported(module, last)
        if binding.value is not None and binding.scope is not None:
            found += self._resolve(binding.value, binding.scope)
        if len(found) > 1:
            found = tuple(dict.fromkeys(found))[:MOST]
        binding.known = found
        return found

    def exported(self) -> dict[str, tuple[str, ...]]:
        """Returns what the names of the module stand for, for the files that import it."""
        made: dict[str, tuple[str, ...]] = {}
        for star in self._module.stars:
            if star.startswith("@"):
                self.asked.add((star, EVERY))
                made.update(self._exports(star))
            else:
                made.update((name, (f"{star}.{name}",)) for name in symbols.members(star))
        for name, bindings in self._module.bindings.items():
            found = [each.name for binding in bindings for each in self._binding(binding)]
            if found:
                made[name] = tuple(dict.fromkeys(found))[:MOST]
        return made


def _reaching(bindings: list[Binding], position: tuple[int, int]) -> list[Binding]:
    """Returns the bindings that a use in their scope may see: the last ones before it."""
    reaching: list[Binding] = []
    for binding in bindings:
        if binding.position < position:
            reaching = [*reaching, binding] if binding.conditional else [binding]
    return reaching or bindings


def _is_compat(reference: Reference) -> bool:
    return symbols.is_compat(reference.name)


def _text(node: ast.expr) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and value.replace(".", "a").isidentifier() else None


_KINDS: Mapping[type, Callable[[Resolver, Any, Scope], tuple[Reference, ...]]] = {
    ast.Attribute: Resolver._of_attribute,
    ast.Call: Resolver._call,
    ast.Subscript: Resolver._of_subscript,
    ast.IfExp: Resolver._of_condition,
    ast.BoolOp: Resolver._of_choice,
    ast.NamedExpr: Resolver._of_walrus,
}
