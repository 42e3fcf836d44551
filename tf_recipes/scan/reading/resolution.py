"""Resolves what a file's names stand for: `slim.conv2d` is `tf.contrib.slim.conv2d`.

A reference is a dotted name from `tf` on, or from a local module, which begins with `@`.
"""

import ast
import builtins
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from tf_recipes.knowledge import symbols
from tf_recipes.scan.reading.bindings import Binding, Scope, enclosing_class

_LOAD = ("importlib.import_module", "import_module", "__import__")
_PARTIAL = ("functools.partial", "partial")
MOST = 8  # references of one name; more is no use to anyone
LONGEST = 30  # parts of a dotted name


class Reference(NamedTuple):
    """Holds what an expression stands for: a dotted name, and the `partial` calls around it."""

    name: str
    partials: tuple[ast.Call, ...] = ()


class Resolver:
    """Resolves expressions of one file.

    Args:
        module: the file's outermost scope.
        exports: function from a local module's name to what its names stand for.
    """

    def __init__(
        self, module: Scope, exports: Callable[[str], Mapping[str, tuple[str, ...]]]
    ) -> None:
        self._module, self._exports = module, exports
        self._busy: set[int] = set()
        self._known: dict[int, tuple[Reference, ...]] = {}

    def resolve(self, node: ast.expr | None, scope: Scope) -> tuple[Reference, ...]:
        """Returns what an expression may stand for; nothing if it is not TensorFlow's."""
        found = tuple(dict.fromkeys(self._resolve(node, scope)))[:MOST]
        if len(found) > 1 and any(_is_compat(each) for each in found):
            # `try: import tensorflow.compat.v1 as tf` takes the place of the older one
            found = tuple(each for each in found if _is_compat(each))
        return found

    def _resolve(self, node: ast.expr | None, scope: Scope) -> Iterator[Reference]:
        if isinstance(node, ast.Name):
            yield from self._name(node.id, scope, (node.lineno, node.col_offset))
        elif isinstance(node, ast.Attribute):
            owner = enclosing_class(scope)
            inner = node.value
            if isinstance(inner, ast.Name) and inner.id in ("self", "cls") and owner is not None:
                for binding in owner.attributes.get(node.attr, ()):
                    yield from self._binding(binding)
            for each in self._resolve(inner, scope):
                yield from self._attribute(each, node.attr)
        elif isinstance(node, ast.Call):
            yield from self._call(node, scope)
        elif isinstance(node, ast.Subscript):
            for item in self._items(node.value, scope):
                yield from self._resolve(item, scope)
        elif isinstance(node, ast.IfExp):
            yield from self._resolve(node.body, scope)
            yield from self._resolve(node.orelse, scope)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                yield from self._resolve(value, scope)
        elif isinstance(node, ast.NamedExpr):
            yield from self._resolve(node.value, scope)

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

    def _attribute(self, reference: Reference, name: str) -> Iterator[Reference]:
        if reference.name.startswith("@"):
            for each in self._exports(reference.name).get(name, ()):
                yield Reference(each)
        elif reference.name.count(".") < LONGEST and not reference.partials:
            yield Reference(f"{reference.name}.{name}")

    def _call(self, node: ast.Call, scope: Scope) -> Iterator[Reference]:
        """Resolves `getattr(x, "name")`, `import_module("tensorflow")` and `partial(f, ...)`."""
        called, first = ast.unparse(node.func) if _is_short(node.func) else "", node.args[:1]
        if called == "getattr" and len(node.args) > 1 and _text(node.args[1]):
            for each in self._resolve(node.args[0], scope):
                for part in (str(_text(node.args[1])),):
                    yield from self._attribute(each, part)
        elif called in _LOAD and first and (module := _text(first[0])):
            root, dot, rest = module.partition(".")
            if root == "tensorflow":
                yield Reference("tf" if called == "__import__" else f"tf{dot}{rest}")
        elif called in _PARTIAL and first:
            for each in self._resolve(first[0], scope):
                yield Reference(each.name, (*each.partials, node))

    def _name(self, name: str, scope: Scope, position: tuple[int, int]) -> Iterator[Reference]:
        start = scope
        current: Scope | None = scope
        while current is not None:
            visible = current is start or current.kind != "class"
            if visible and name in current.bindings and name not in current.globals:
                for binding in _reaching(current.bindings[name], position, current is start):
                    yield from self._binding(binding)
                return
            current = current.parent
        if not hasattr(builtins, name):
            yield from self._starred(name, scope)

    def _starred(self, name: str, scope: Scope | None) -> Iterator[Reference]:
        while scope is not None:
            for star in scope.stars:
                if star.startswith("@"):
                    yield from (Reference(each) for each in self._exports(star).get(name, ()))
                elif symbols.is_known(f"{star}.{name}"):
                    yield Reference(f"{star}.{name}")
            scope = scope.parent

    def _binding(self, binding: Binding) -> tuple[Reference, ...]:
        number = id(binding)
        if number in self._known:
            return self._known[number]
        if number in self._busy:
            return ()
        self._busy.add(number)
        found = [Reference(name) for name in binding.names]
        for reference in list(found):
            if reference.name.startswith("@") and "." in reference.name.rpartition("/")[2]:
                module, _, last = reference.name.rpartition(".")
                found += [Reference(name) for name in self._exports(module).get(last, ())]
        if binding.value is not None and binding.scope is not None:
            found += self._resolve(binding.value, binding.scope)
        self._busy.discard(number)
        self._known[number] = tuple(dict.fromkeys(found))[:MOST]
        return self._known[number]

    def exported(self) -> dict[str, tuple[str, ...]]:
        """Returns what the names of the module stand for, for the files that import it."""
        made: dict[str, tuple[str, ...]] = {}
        for star in self._module.stars:
            if star.startswith("@"):
                made.update(self._exports(star))
            else:
                made.update((name, (f"{star}.{name}",)) for name in symbols.members(star))
        for name, bindings in self._module.bindings.items():
            found = [each.name for binding in bindings for each in self._binding(binding)]
            if found:
                made[name] = tuple(dict.fromkeys(found))[:MOST]
        return made


def _reaching(bindings: list[Binding], position: tuple[int, int], same: bool) -> list[Binding]:
    """Returns the bindings that a use may see: in its own scope, the last ones before it."""
    if not same or len(bindings) == 1:
        return bindings
    reaching: list[Binding] = []
    for binding in bindings:
        if binding.position < position:
            reaching = [*reaching, binding] if binding.conditional else [binding]
    return reaching or bindings


def _is_compat(reference: Reference) -> bool:
    return symbols.is_compat(reference.name)


def _is_short(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) or (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    )


def _text(node: ast.expr) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and value.replace(".", "a").isidentifier() else None
