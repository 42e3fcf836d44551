"""Resolves what a file's names stand for: `slim.conv2d` is `tf.contrib.slim.conv2d`.

A reference is a dotted name from `tf` on, or from a local module, which begins with `@`.
"""

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tf_recipes.knowledge import symbols
from tf_recipes.scan.reading.scopes import (
    CALLS,
    LOADS,
    MODULES,
    NAMESPACES,
    PARAMETER,
    Binding,
    Scope,
    Use,
    enclosing_class,
    name_of,
    tensorflow_name,
)

_PY = ".py"
_RESULT, _ITEM = "()", "[]"  # behind the name of a function, and of a container
_DEEPEST = 4  # parts of a name in a local module
_MOST_BASES = 10
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
        self._plain: dict[str, tuple[Reference, ...]] = {}  # by their names
        self._known: dict[int, tuple[Reference, ...]] = {}  # by the nodes of one tree

    def resolve_use(self, use: Use) -> tuple[Reference, ...]:
        """Returns what a use may stand for; most names of a file stand for nothing."""
        root = use.root
        if root is None:
            return self.resolve(use.node, use.scope)
        if root.id not in _SELF:
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
            if inner.id in _SELF:
                owner = enclosing_class(scope)
                if owner is not None:
                    found += self._member(owner, node.attr)
            else:
                for made in self._made(inner, scope):
                    if made.kind == "class":
                        found += self._member(made, node.attr)
        for made in self._objects(inner, scope):
            found += self._member(made, node.attr)
        for each in self._resolve(inner, scope):
            found += self._attribute(each, node.attr)
        return found

    def _objects(self, node: ast.expr, scope: Scope) -> Iterator[Scope]:
        """Yields the classes of this file that an expression is an object of: `C()`, `x = C()`."""
        if type(node) is ast.Name and node.id not in _SELF:
            for literal in self.literals(node, scope):
                if type(literal) is ast.Call:
                    yield from self._objects(literal, scope)
        elif type(node) is ast.Call and type(node.func) is ast.Name:
            for made in self._made(node.func, scope):
                if made.kind == "class":
                    yield made

    def _made(self, node: ast.expr, scope: Scope | None) -> Iterator[Scope]:
        """Yields the classes and functions of this file that an expression stands for."""
        bindings: Iterable[Binding] = ()
        if isinstance(node, ast.Attribute) and _is_self(node.value):
            owner = enclosing_class(scope)
            bindings = owner.bindings.get(node.attr, ()) if owner is not None else ()
        elif isinstance(node, ast.Name):
            while scope is not None and node.id not in scope.bindings:
                scope = scope.parent
            bindings = scope.bindings[node.id] if scope is not None else ()
        elif isinstance(node, ast.Attribute) and scope is not None:
            owners = [*self._objects(node.value, scope)]
            if isinstance(node.value, ast.Name):
                owners += [each for each in self._made(node.value, scope) if each.kind == "class"]
            bindings = [each for owner in owners for each in owner.bindings.get(node.attr, ())]
        for binding in bindings:
            if binding.made is not None:
                yield binding.made

    def _member(
        self, owner: Scope, name: str, below: tuple[Scope, ...] = ()
    ) -> tuple[Reference, ...]:
        """Returns what an attribute of a class of this file stands for."""
        found: tuple[Reference, ...] = ()
        bindings = [*owner.attributes.get(name, ()), *owner.bindings.get(name, ())]
        for binding in bindings:
            if binding.made is not None and binding.made.is_property:
                found += self._result(binding.made)
            found += self._binding(binding)
        if not bindings and owner not in below and len(below) < _MOST_BASES:
            for base in owner.results:
                for made in self._made(base, owner.parent):
                    if made.kind == "class":
                        found += self._member(made, name, (*below, owner))
                for reference in self._resolve(base, owner.parent or owner):
                    if reference.name.startswith("@"):
                        found += self._attribute(reference, name)
        return found

    def _result(self, function: Scope) -> tuple[Reference, ...]:
        """Returns what the result of a function of this file stands for."""
        known = function.known.get(_RESULT)
        if known is None:
            function.known[_RESULT] = ()  # while it is being looked at
            known = self._each(function.results, function)
            function.known[_RESULT] = known = tuple(dict.fromkeys(known))[:MOST]
        return known

    def _of_subscript(self, node: ast.Subscript, scope: Scope) -> tuple[Reference, ...]:
        found: tuple[Reference, ...] = ()
        value = node.value
        for key in self._texts(node.slice, scope):
            if isinstance(value, ast.Attribute) and value.attr == "modules":
                name = tensorflow_name(key)
                found += (Reference(name),) if name else ()
            elif isinstance(value, ast.Attribute) and value.attr == "__dict__":
                for each in self._resolve(value.value, scope):
                    found += self._attribute(each, key)
            elif isinstance(value, ast.Call) and name_of(value.func) in NAMESPACES:
                for each in self._each(value.args[:1], scope):
                    found += self._attribute(each, key)
                found += () if value.args else self._name(key, scope, node)
        for reference in self._resolve(value, scope):
            if reference.name.startswith("@"):
                found += self._attribute(reference, _ITEM, "")
        for item, of_scope in self._items(value, scope):
            found += self._resolve(item, of_scope)
        return found

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

    def is_passed(self, node: ast.expr | None, scope: Scope | None, depth: int = 0) -> bool:
        """Returns whether a caller or a subclass decides what an expression stands for.

        The default of a parameter is then one possibility of many.
        """
        if node is None or scope is None or depth > _MOST_BASES:
            return False
        if isinstance(node, ast.Name):
            return node.id not in _SELF and any(
                each.position == PARAMETER or self.is_passed(each.value, each.scope, depth + 1)
                for each in self._seen(node, scope)
            )
        if isinstance(node, ast.Attribute):
            if not _is_self(node.value):
                return self.is_passed(node.value, scope, depth + 1)
            owner = enclosing_class(scope)
            return owner is not None and (
                any(
                    each.position == PARAMETER or self.is_passed(each.value, each.scope, depth + 1)
                    for each in self._members(owner, node.attr)
                )
                or self._is_replaced(owner, node.attr)
            )
        inner: Iterable[ast.expr] = ()
        if isinstance(node, ast.IfExp):
            inner = (node.body, node.orelse)
        elif isinstance(node, ast.BoolOp):
            inner = node.values
        elif isinstance(node, ast.NamedExpr | ast.Subscript):
            inner = (node.value,)
        elif isinstance(node, ast.Call):
            inner = node.args[:1]
            for made in self._made(node.func, scope):
                if any(self.is_passed(each, made, depth + 1) for each in made.results):
                    return True
        return any(self.is_passed(each, scope, depth + 1) for each in inner)

    def bound(self, node: ast.expr, scope: Scope) -> list[tuple[ast.expr, Scope]]:
        """Returns the expressions that a name or an attribute of `self` was assigned."""
        bindings: Iterable[Binding] = ()
        if isinstance(node, ast.Name):
            bindings = self._seen(node, scope)
        elif isinstance(node, ast.Attribute) and _is_self(node.value):
            owner = enclosing_class(scope)
            bindings = self._members(owner, node.attr) if owner is not None else ()
        return [
            (each.value, each.scope)
            for each in bindings
            if each.value is not None and each.scope is not None
        ]

    def _seen(self, node: ast.Name, scope: Scope) -> list[Binding]:
        """Returns the bindings that a name may have at its place."""
        current: Scope | None = scope
        while current is not None and (
            node.id not in current.bindings
            or (current is not scope and current.kind == "class")
            or node.id in current.globals
        ):
            current = current.parent
        if current is None:
            return []
        bindings = current.bindings[node.id]
        place = (node.lineno, node.col_offset)
        return _reaching(bindings, place) if current is scope else bindings

    def _members(self, owner: Scope, name: str, below: tuple[Scope, ...] = ()) -> Iterator[Binding]:
        """Yields the bindings of an attribute of a class of this file, also inherited ones."""
        yield from owner.attributes.get(name, ())
        yield from owner.bindings.get(name, ())
        for base in owner.results:
            for made in self._made(base, owner.parent):
                if made.kind == "class" and made not in below and len(below) < _MOST_BASES:
                    yield from self._members(made, name, (*below, owner))

    def _is_replaced(self, owner: Scope, name: str) -> bool:
        """Returns whether another class of the module binds an attribute of this name, too."""
        for bindings in self._module.bindings.values():
            for each in bindings:
                made = each.made
                if made is None or made.kind != "class" or made is owner:
                    continue
                if name in made.bindings or name in made.attributes:
                    return True
        return False

    def _items(self, node: ast.expr, scope: Scope) -> Iterator[tuple[ast.expr, Scope]]:
        """Yields the items of a dict, list or tuple of the file, each with its scope."""
        for literal in self.literals(node, scope):
            values: Iterable[ast.expr] = ()
            if isinstance(literal, ast.Dict):
                values = literal.values
            elif isinstance(literal, ast.List | ast.Tuple):
                values = literal.elts
            elif isinstance(literal, ast.Call) and name_of(literal.func) == "dict":
                values = [each.value for each in literal.keywords]
            for each in values:
                yield each, scope
        if type(node) is ast.Name:
            yield from self._module.items.get(node.id, ())

    def _texts(self, node: ast.expr, scope: Scope) -> list[str]:
        """Returns the texts that an expression may be, where the file says so."""
        if type(node) is ast.Constant:
            return [node.value] if isinstance(node.value, str) else []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            before, after = self._texts(node.left, scope), self._texts(node.right, scope)
            return [left + right for left in before for right in after][:MOST]
        if isinstance(node, ast.IfExp):
            return [*self._texts(node.body, scope), *self._texts(node.orelse, scope)]
        if type(node) is ast.Name:
            literals = self.literals(node, scope)
            return [
                each.value
                for each in literals
                if type(each) is ast.Constant and isinstance(each.value, str)
            ][:MOST]
        return []

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
        inner = self._module.submodules.get((module, part))
        if inner is not None:
            return self._exported(inner, rest) if dot else (Reference(inner),)
        self.asked.add((module, name))
        found = tuple(Reference(each) for each in self._exports(module).get(name, ()))
        # its own attributes, items and results may be exported
        return found or ((Reference(f"{module}.{name}"),) if name.count(".") < _DEEPEST else ())

    def _call(self, node: ast.Call, scope: Scope) -> tuple[Reference, ...]:
        """Resolves `getattr(x, "name")`, `import_module("tensorflow")` and `partial(f, ...)`."""
        function, aliases = node.func, self._module.aliases
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
            for name in self._texts(node.args[1], scope) if len(node.args) > 1 else ():
                for each in self._resolve(node.args[0], scope):
                    found += self._attribute(each, name) if name.isidentifier() else ()
        elif called in LOADS:
            for text in self._texts(node.args[0], scope):
                module, package = text, node.args[1:2]
                if text.startswith(".") and package:
                    module = "".join((*self._texts(package[0], scope)[:1], text))
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
        for made in self._made(function, scope):
            if made.kind == "function":
                found += self._result(made)
        if isinstance(function, ast.Attribute) and function.attr == "get":
            for item, of_scope in self._items(function.value, scope):
                found += self._resolve(item, of_scope)
        if type(function) is ast.Name or type(function) is ast.Attribute:
            for reference in self._resolve(function, scope):
                if reference.name.startswith("@"):
                    found += self._attribute(reference, _RESULT, "")
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
            exported = tuple(each for each in dict.fromkeys(found) if each[:1] != "@")
            if exported:
                made[name] = exported[:MOST]
            for inner, references in self._inner(name, bindings):
                kept = tuple(each.name for each in references if each.name[:1] != "@")
                if kept:
                    made[f"{name}{inner}"] = tuple(dict.fromkeys(kept))[:MOST]
        return made

    def _inner(
        self, name: str, bindings: list[Binding]
    ) -> Iterator[tuple[str, tuple[Reference, ...]]]:
        """Yields the attributes of a class, the result of a function, the items of a container."""
        for binding in bindings:
            made = binding.made
            if made is not None and made.kind == "class":
                for attribute in (*made.attributes, *made.bindings):
                    yield f".{attribute}", self._member(made, attribute)
            elif made is not None and made.results:
                yield _RESULT, self._result(made)
            elif isinstance(binding.value, ast.Dict | ast.List | ast.Tuple | ast.Call):
                items = self._items(binding.value, self._module)
                yield _ITEM, self._each((item for item, _ in items), self._module)


def _reaching(bindings: list[Binding], position: tuple[int, int]) -> list[Binding]:
    """Returns the bindings that a use in their scope may see: the last ones before it."""
    reaching: list[Binding] = []
    for binding in bindings:
        if binding.position < position:
            reaching = [*reaching, binding] if binding.conditional else [binding]
    return reaching or bindings


def _is_compat(reference: Reference) -> bool:
    return symbols.is_compat(reference.name)


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in _SELF


_KINDS: Mapping[type, Callable[[Resolver, Any, Scope], tuple[Reference, ...]]] = {
    ast.Attribute: Resolver._of_attribute,
    ast.Call: Resolver._call,
    ast.Subscript: Resolver._of_subscript,
    ast.IfExp: Resolver._of_condition,
    ast.BoolOp: Resolver._of_choice,
    ast.NamedExpr: Resolver._of_walrus,
}
