"""Resolves what a file's names stand for: `slim.conv2d` is `tf.contrib.slim.conv2d`.

A reference is a dotted name from `tf` on, or from a local module, which begins with `@`.
"""

import ast
import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from tf_recipes.knowledge import symbols
from tf_recipes.scan.reading.lookups import MOST, MOST_BASES, Lookups, reaching
from tf_recipes.scan.reading.scopes import (
    CALLS,
    LOADS,
    MODULES,
    NAMESPACES,
    SELF,
    Binding,
    Scope,
    Use,
    enclosing_class,
    name_of,
    tensorflow_name,
)

_PY = ".py"
RESULT, ITEM = "()", "[]"  # behind the name of a function, and of a container
_DEEPEST = 4  # parts of a name in a local module
_BUILTINS = frozenset(dir(builtins))
_BUSY = object()  # a binding that is being resolved
EVERY = "*"  # all names of a module
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
        lookups: what the file binds.
        asked: the names of local modules that were asked for, each as `(module, name)`; `EVERY` is
            the name where a star import takes them all.
    """

    def __init__(
        self, module: Scope, exports: Callable[[str], Mapping[str, tuple[str, ...]]]
    ) -> None:
        self.module, self.exports = module, exports
        self.lookups = Lookups(module)
        self.asked: set[tuple[str, str]] = set()
        self._plain: dict[str, tuple[Reference, ...]] = {}  # by their names
        self._known: dict[int, tuple[Reference, ...]] = {}  # by the nodes of one tree

    def resolve_use(self, use: Use) -> tuple[Reference, ...]:
        """Returns what a use may stand for; most names of a file stand for nothing."""
        root = use.root
        if root is None:
            return self.resolve(use.node, use.scope)
        if root.id not in SELF:
            references = self._name(root.id, use.scope, root)
            if not references and use.node is root:
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
        if resolve is None:
            return ()
        if type(node) is not ast.Subscript and type(node) is not ast.Call:
            return resolve(self, node, scope)
        known = self._known.get(id(node))
        if known is None:  # an item may come from the container that it is put into
            self._known[id(node)] = ()
            self._known[id(node)] = known = resolve(self, node, scope)
        return known

    def _of_attribute(self, node: ast.Attribute, scope: Scope) -> tuple[Reference, ...]:
        found: tuple[Reference, ...] = ()
        inner = node.value
        if type(inner) is ast.Name:
            if inner.id in SELF:
                owner = enclosing_class(scope)
                if owner is not None:
                    found += self.member(owner, node.attr)
            else:
                for made in self.lookups.made(inner, scope):
                    if made.kind == "class":
                        found += self.member(made, node.attr)
        for made in self.lookups.objects(inner, scope):
            found += self.member(made, node.attr)
        for each in self._resolve(inner, scope):
            found += self._attribute(each, node.attr)
        return found

    def member(
        self, owner: Scope, name: str, below: tuple[Scope, ...] = ()
    ) -> tuple[Reference, ...]:
        """Returns what an attribute of a class of this file stands for."""
        found: tuple[Reference, ...] = ()
        bindings = [*owner.attributes.get(name, ()), *owner.bindings.get(name, ())]
        for binding in bindings:
            if binding.made is not None and binding.made.is_property:
                found += self.result(binding.made)
            found += self.binding(binding)
        if not bindings and owner not in below and len(below) < MOST_BASES:
            for base in owner.results:
                for made in self.lookups.made(base, owner.parent):
                    if made.kind == "class":
                        found += self.member(made, name, (*below, owner))
                for reference in self._resolve(base, owner.parent or owner):
                    if reference.name.startswith("@"):
                        found += self._attribute(reference, name)
        return found

    def result(self, function: Scope) -> tuple[Reference, ...]:
        """Returns what the result of a function of this file stands for."""
        known = function.known.get(RESULT)
        if known is None:
            function.known[RESULT] = ()  # while it is being looked at
            known = self.each(function.results, function)
            function.known[RESULT] = known = tuple(dict.fromkeys(known))[:MOST]
        return known

    def _of_subscript(self, node: ast.Subscript, scope: Scope) -> tuple[Reference, ...]:
        found: tuple[Reference, ...] = ()
        value = node.value
        keys = self.lookups.texts(node.slice, scope)
        for key in keys:
            if isinstance(value, ast.Attribute) and value.attr == "modules":
                name = tensorflow_name(key)
                found += (Reference(name),) if name else ()
            elif isinstance(value, ast.Attribute) and value.attr == "__dict__":
                for each in self._resolve(value.value, scope):
                    found += self._attribute(each, key)
            elif isinstance(value, ast.Call) and name_of(value.func) in NAMESPACES:
                for each in self.each(value.args[:1], scope):
                    found += self._attribute(each, key)
                found += () if value.args else self._name(key, scope, node)
        for reference in self._resolve(value, scope):
            if reference.name.startswith("@"):
                found += self._attribute(reference, ITEM, "")
        for item, of_scope in self.lookups.items(value, scope, keys):
            found += self._resolve(item, of_scope)
        return found

    def _of_condition(self, node: ast.IfExp, scope: Scope) -> tuple[Reference, ...]:
        return self.each((node.body, node.orelse), scope)

    def _of_choice(self, node: ast.BoolOp, scope: Scope) -> tuple[Reference, ...]:
        return self.each(node.values, scope)

    def _of_walrus(self, node: ast.NamedExpr, scope: Scope) -> tuple[Reference, ...]:
        return self._resolve(node.value, scope)

    def each(self, nodes: Iterable[ast.expr], scope: Scope) -> tuple[Reference, ...]:
        """Returns what any of several expressions may stand for."""
        found: tuple[Reference, ...] = ()
        for node in nodes:
            found += self._resolve(node, scope)
        return found

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
        if type(node) is ast.Attribute and type(node.value) is ast.Name:  # most are
            name = f"{reference.name}.{node.attr}"
        else:
            path = ""
            while type(node) is ast.Attribute:
                path = f".{node.attr}{path}"
                node = node.value
            name = reference.name + path
        known = self._plain.get(name)
        if known is None:
            known = () if name.count(".") > LONGEST else (Reference(name),)
            self._plain[name] = known
        return known

    def _attribute(self, reference: Reference, name: str, dot: str = ".") -> tuple[Reference, ...]:
        if reference.name.startswith("@"):
            module, end, path = reference.name.rpartition(_PY)
            if not path:
                return self._exported(reference.name, name)
            inner = path.removeprefix(".")
            return self._exported(f"{module}{end}", f"{inner}{dot}{name}")
        if reference.name.count(".") < LONGEST and not reference.partials:
            return (Reference(f"{reference.name}.{name}"),)
        return ()

    def _exported(self, module: str, name: str) -> tuple[Reference, ...]:
        """Returns what a name of a local module stands for."""
        part, dot, rest = name.partition(".")
        inner = self.module.submodules.get((module, part))
        if inner is not None:
            return self._exported(inner, rest) if dot else (Reference(inner),)
        self.asked.add((module, name))
        found = tuple(Reference(each) for each in self.exports(module).get(name, ()))
        # its own attributes, items and results may be exported
        return found or ((Reference(f"{module}.{name}"),) if name.count(".") < _DEEPEST else ())

    def _call(self, node: ast.Call, scope: Scope) -> tuple[Reference, ...]:
        """Resolves `getattr(x, "name")`, `import_module("tensorflow")` and `partial(f, ...)`."""
        function, aliases = node.func, self.module.aliases
        found: tuple[Reference, ...] = ()
        called = ""
        if type(function) is ast.Name:
            called = aliases.get(function.id, function.id)
        elif type(function) is ast.Attribute and type(function.value) is ast.Name:
            module = function.value.id
            called = function.attr if aliases.get(module, module) in MODULES else ""
        if called not in CALLS or not node.args:
            return self._of_result(node, scope)
        if called == "getattr":
            for name in self.lookups.texts(node.args[1], scope) if len(node.args) > 1 else ():
                for each in self._resolve(node.args[0], scope):
                    found += self._attribute(each, name) if name.isidentifier() else ()
        elif called in LOADS:
            for text in self.lookups.texts(node.args[0], scope):
                module, package = text, node.args[1:2]
                if text.startswith(".") and package:
                    module = "".join((*self.lookups.texts(package[0], scope)[:1], text))
                loaded = tensorflow_name(module)
                if loaded and module.replace(".", "a").isidentifier():
                    found += (Reference("tf" if called == "__import__" else loaded),)
        else:
            for each in self._resolve(node.args[0], scope):
                found += (Reference(each.name, (*each.partials, node)),)
        return found

    def _of_result(self, node: ast.Call, scope: Scope) -> tuple[Reference, ...]:
        """Resolves the call of a function of this file or of a local module, and `d.get(key)`."""
        found: tuple[Reference, ...] = ()
        function = node.func
        for made in self.lookups.made(function, scope):
            if made.kind == "function":
                found += self.result(made)
        if isinstance(function, ast.Attribute) and function.attr == "get":
            for item, of_scope in self.lookups.items(function.value, scope):
                found += self._resolve(item, of_scope)
        if type(function) is ast.Name or type(function) is ast.Attribute:
            for reference in self._resolve(function, scope):
                if reference.name.startswith("@"):
                    found += self._attribute(reference, RESULT, "")
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
                for binding in reaching(bindings, (node.lineno, node.col_offset)):
                    found += self.binding(binding)
                return found
            current = current.parent
        return () if name in _BUILTINS else self._starred(name, scope)

    def _all_of(self, scope: Scope, name: str, bindings: list[Binding]) -> tuple[Reference, ...]:
        """Returns what all bindings of a name stand for, and keeps it where that is settled."""
        found: tuple[Reference, ...] = ()
        for binding in bindings:
            found += self.binding(binding)
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

    def binding(self, binding: Binding) -> tuple[Reference, ...]:
        """Returns what one binding of a name stands for."""
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


def _is_compat(reference: Reference) -> bool:
    return symbols.is_compat(reference.name)


_KINDS: Mapping[type, Callable[[Resolver, Any, Scope], tuple[Reference, ...]]] = {
    ast.Attribute: Resolver._of_attribute,
    ast.Call: Resolver._call,
    ast.Subscript: Resolver._of_subscript,
    ast.IfExp: Resolver._of_condition,
    ast.BoolOp: Resolver._of_choice,
    ast.NamedExpr: Resolver._of_walrus,
}
