"""Answers what names of a file were bound to: expressions, classes, functions, items, texts.

Nothing of TensorFlow is resolved here: `resolution.py` does this with the answers.
"""

import ast
from collections.abc import Collection, Iterable, Iterator

from tf_recipes.scan.reading.scopes import (
    PARAMETER,
    SELF,
    Binding,
    Scope,
    bindings_of,
    enclosing_class,
    is_self,
    name_of,
)

MOST = 8  # answers to one question; more is no use to anyone
MOST_BASES = 10


class Lookups:
    """Looks up what one file binds.

    Args:
        module: the file's outermost scope.
    """

    def __init__(self, module: Scope) -> None:
        self._module = module

    def literals(self, node: ast.expr | None, scope: Scope) -> Iterator[ast.expr]:
        """Yields the expressions that a name is bound to in the file; any other node is itself."""
        if not isinstance(node, ast.Name):
            if node is not None:
                yield node
            return
        for binding in bindings_of(node.id, scope):
            if binding.value is not None:
                yield binding.value

    def is_passed(self, node: ast.expr | None, scope: Scope | None, depth: int = 0) -> bool:
        """Returns whether a caller or a subclass decides what an expression stands for.

        The default of a parameter is then one possibility of many.
        """
        if node is None or scope is None or depth > MOST_BASES:
            return False
        if isinstance(node, ast.Name):
            return node.id not in SELF and any(
                each.position == PARAMETER or self.is_passed(each.value, each.scope, depth + 1)
                for each in self._seen(node, scope)
            )
        if isinstance(node, ast.Attribute):
            if not is_self(node.value):
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
            for made in self.made(node.func, scope):
                if any(self.is_passed(each, made, depth + 1) for each in made.results):
                    return True
        return any(self.is_passed(each, scope, depth + 1) for each in inner)

    def bound(self, node: ast.expr, scope: Scope) -> list[tuple[ast.expr, Scope]]:
        """Returns the expressions that a name or an attribute of `self` was assigned."""
        return [
            (each.value, each.scope)
            for each in self.bindings(node, scope)
            if each.value is not None and each.scope is not None
        ]

    def bindings(self, node: ast.expr, scope: Scope) -> list[Binding]:
        """Returns the bindings that a name or an attribute of `self` may have at its place."""
        if isinstance(node, ast.Name):
            return self._seen(node, scope)
        if isinstance(node, ast.Attribute) and is_self(node.value):
            owner = enclosing_class(scope)
            return list(self._members(owner, node.attr)) if owner is not None else []
        return []

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
        return reaching(bindings, place) if current is scope else bindings

    def _members(self, owner: Scope, name: str, below: tuple[Scope, ...] = ()) -> Iterator[Binding]:
        """Yields the bindings of an attribute of a class of this file, also inherited ones."""
        yield from owner.attributes.get(name, ())
        yield from owner.bindings.get(name, ())
        for base in owner.results:
            for made in self.made(base, owner.parent):
                if made.kind == "class" and made not in below and len(below) < MOST_BASES:
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

    def items(
        self, node: ast.expr, scope: Scope, keys: Collection[str] = ()
    ) -> Iterator[tuple[ast.expr, Scope]]:
        """Yields the items of a dict, list or tuple of the file, each with its scope.

        Where a dict has one of the keys, its others are left out.
        """
        for literal in self.literals(node, scope):
            values: Iterable[ast.expr] = ()
            if isinstance(literal, ast.Dict):
                named = [
                    value
                    for key, value in zip(literal.keys, literal.values, strict=True)
                    if isinstance(key, ast.Constant) and key.value in keys
                ]
                values = named or literal.values
            elif isinstance(literal, ast.List | ast.Tuple):
                values = literal.elts
            elif isinstance(literal, ast.Call) and name_of(literal.func) == "dict":
                values = [each.value for each in literal.keywords]
            for each in values:
                yield each, scope
        if type(node) is ast.Name:
            yield from self._module.items.get(node.id, ())

    def texts(self, node: ast.expr, scope: Scope) -> list[str]:
        """Returns the texts that an expression may be, where the file says so."""
        if type(node) is ast.Constant:
            return [node.value] if isinstance(node.value, str) else []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            before, after = self.texts(node.left, scope), self.texts(node.right, scope)
            return [left + right for left in before for right in after][:MOST]
        if isinstance(node, ast.IfExp):
            return [*self.texts(node.body, scope), *self.texts(node.orelse, scope)]
        if type(node) is ast.Name:
            literals = self.literals(node, scope)
            return [
                each.value
                for each in literals
                if type(each) is ast.Constant and isinstance(each.value, str)
            ][:MOST]
        return []

    def objects(self, node: ast.expr, scope: Scope) -> Iterator[Scope]:
        """Yields the classes of this file that an expression is an object of: `C()`, `x = C()`."""
        if type(node) is ast.Name and node.id not in SELF:
            for literal in self.literals(node, scope):
                if type(literal) is ast.Call:
                    yield from self.objects(literal, scope)
        elif type(node) is ast.Call and type(node.func) is ast.Name:
            for made in self.made(node.func, scope):
                if made.kind == "class":
                    yield made

    def made(self, node: ast.expr, scope: Scope | None) -> Iterator[Scope]:
        """Yields the classes and functions of this file that an expression stands for."""
        bindings: Iterable[Binding] = ()
        if isinstance(node, ast.Attribute) and is_self(node.value):
            owner = enclosing_class(scope)
            bindings = owner.bindings.get(node.attr, ()) if owner is not None else ()
        elif isinstance(node, ast.Name):
            bindings = bindings_of(node.id, scope)
        elif isinstance(node, ast.Attribute) and scope is not None:
            owners = [*self.objects(node.value, scope)]
            if isinstance(node.value, ast.Name):
                owners += [each for each in self.made(node.value, scope) if each.kind == "class"]
            bindings = [each for owner in owners for each in owner.bindings.get(node.attr, ())]
        for binding in bindings:
            if binding.made is not None:
                yield binding.made


def reaching(bindings: list[Binding], position: tuple[int, int]) -> list[Binding]:
    """Returns the bindings that a use in their scope may see: the last ones before it."""
    found: list[Binding] = []
    for binding in bindings:
        if binding.position < position:
            found = [*found, binding] if binding.conditional else [binding]
    return found or bindings
