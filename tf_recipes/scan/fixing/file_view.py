"""Tells what the expressions of a file stand for, by their places, to those who plan rewrites."""

import ast
import functools
from collections.abc import Iterable, Mapping

from tf_recipes.knowledge import symbols
from tf_recipes.scan.analysis import Analysis
from tf_recipes.scan.fixing.choosing import Place
from tf_recipes.scan.fixing.function_units import OUTSIDE, Functions
from tf_recipes.scan.reading.scopes import Scope, bindings_of
from tf_recipes.scan.terms.rewrite import Facts

_HARMLESS = frozenset(
    ["bool", "dict", "enumerate", "float", "format", "int", "isinstance", "len", "list", "max"]
).union(["min", "print", "range", "reversed", "round", "str", "sum", "tuple", "zip"])
_HARMLESS_METHODS = frozenset(
    ["append", "as_list", "extend", "format", "get_shape", "items", "keys", "update", "values"]
)
Named = tuple[ast.expr, list[str], Scope]


class FileView:
    """Looks at one file.

    Args:
        analysis: the file.
        text: its code.

    Attributes:
        analysis: the file.
        functions: which function each line belongs to.
        calling: the calls, by the `id` of the function that is called.
    """

    def __init__(self, analysis: Analysis, text: str) -> None:
        self.analysis = analysis
        self._lines = text.split("\n")
        self.functions = Functions(analysis.source.tree)
        self.calling = {id(each.node.func): each for each in analysis.collected.calls}

    @functools.cached_property
    def parents(self) -> Mapping[int, ast.AST]:
        """Returns the node around each node, by its `id`."""
        return {
            id(child): parent
            for parent in ast.walk(self.analysis.source.tree)
            for child in ast.iter_child_nodes(parent)
        }

    @functools.cached_property
    def uses(self) -> list[Named]:
        """Returns the uses of names of TensorFlow, with what each may stand for, and its scope."""
        made = []
        for use in self.analysis.collected.uses:
            names = {each.name for each in self.analysis.references(use)}
            if names:
                made.append((use.node, sorted(names), use.scope))
        return made

    @functools.cached_property
    def passed(self) -> frozenset[int]:
        """Returns the `id` of each use that a caller or a subclass decides about."""
        is_passed = self.analysis.resolver.lookups.is_passed
        return frozenset(id(node) for node, _, scope in self.uses if is_passed(node, scope))

    @functools.cached_property
    def known(self) -> Mapping[Place, tuple[str, bool]]:
        """Returns `{place of an expression: (canonical name, whether it is called)}`."""
        made = {}
        for node, names, _ in self.uses:
            if len(names) == 1 and id(node) not in self.passed:
                made[self.place(node)] = (symbols.canonical(names[0]), False)
        for calling in self.analysis.collected.calls:
            reference = made.get(self.place(calling.node.func))
            if reference is not None:
                made[self.place(calling.node)] = (reference[0], True)
        return made

    @functools.cached_property
    def facts(self) -> Facts:
        """Returns what the whole file uses."""
        every, outside = set(), set()
        for node, names, _ in self.uses:
            canonical = {symbols.canonical(name) for name in names} | set(names)
            every |= canonical
            if self.functions.of(node.lineno) is OUTSIDE:
                outside |= canonical
        return Facts(frozenset(every), frozenset(outside))

    @functools.cached_property
    def self_lines(self) -> list[tuple[int, int]]:
        """Returns the lines of assignments to attributes, each as `(first, behind the last)`."""
        return [
            (node.lineno, (node.end_lineno or node.lineno) + 1)
            for node in ast.walk(self.analysis.source.tree)
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Attribute)
        ]

    def place(self, node: ast.expr) -> Place:
        """Returns the place of a node."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        first = self._column(node.lineno, node.col_offset)
        return node.lineno, first, end_line, self._column(end_line, end_column)

    def _column(self, line: int, column: int) -> int:
        text = self._lines[line - 1]
        return column if text.isascii() else len(text.encode()[:column].decode(errors="ignore"))

    def named(self, node: ast.expr) -> tuple[str, bool]:
        """Returns the canonical name that an expression stands for, and whether it is called.

        The name is empty where it is not sure, or not of TensorFlow.
        """
        return self.known.get(self.place(node), ("", False))

    def is_bound(self, node: ast.expr, scope: Scope) -> bool:
        """Returns whether the first name of `a.b.c` was assigned, and not imported."""
        while isinstance(node, ast.Attribute):
            node = node.value
        if not isinstance(node, ast.Name):
            return True
        return any(not each.names for each in bindings_of(node.id, scope))

    def literals(self, name: str) -> ast.expr | None:
        """Returns the expression that a name is bound to, if it is bound once in the file."""
        found = [
            binding.value for scope in self._scopes for binding in scope.bindings.get(name, ())
        ]
        return found[0] if len(found) == 1 else None

    @functools.cached_property
    def _scopes(self) -> Iterable[Scope]:
        scopes = {id(use.scope): use.scope for use in self.analysis.collected.uses}
        for scope in list(scopes.values()):
            outer = scope.parent
            while outer is not None:
                scopes[id(outer)] = outer
                outer = outer.parent
        return list(scopes.values())

    def loads(self, name: str) -> list[ast.expr]:
        """Returns the uses of a name, or of `name.b.c`, anywhere in the file."""
        return [use.node for use in self.analysis.collected.uses if root(use.node) == name]

    def is_global(self, name: str) -> bool:
        """Returns whether a function of the file says `global` of a name."""
        return any(
            isinstance(each, ast.Global) and name in each.names
            for each in ast.walk(self.analysis.source.tree)
        )


def root(node: ast.expr) -> str:
    """Returns the first name of `a.b.c`; nothing for another expression."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def is_harmless(node: ast.Call) -> bool:
    """Returns whether a call surely calls no layer: a builtin, or a method of a text or a list."""
    func = node.func
    if isinstance(func, ast.Name):
        return func.id in _HARMLESS
    return isinstance(func, ast.Attribute) and func.attr in _HARMLESS_METHODS
