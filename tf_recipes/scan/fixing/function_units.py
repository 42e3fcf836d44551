"""Tells which function a place of a file belongs to: the unit that gets one idiom."""

import ast
import bisect
from typing import NamedTuple


class Function(NamedTuple):
    """Holds the unit of one idiom: a function, or what stands outside all functions."""

    name: str
    first: int
    last: int


OUTSIDE = Function("", 0, 0)


class Functions:
    """Knows the outermost functions of a file, and methods; what is inside one belongs to it.

    Its decorators and the defaults of its arguments belong to a function as well.

    Args:
        tree: the file's syntax tree.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._found: list[Function] = []
        self._walk(tree.body, "")
        self._starts = [each.first for each in self._found]

    def _walk(self, nodes: list[ast.stmt], prefix: str) -> None:
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                self._found.append(
                    Function(f"{prefix}{node.name}", first, node.end_lineno or first)
                )
            elif isinstance(node, ast.ClassDef):
                self._walk(node.body, f"{prefix}{node.name}.")
            else:
                for field in ("body", "orelse", "finalbody"):
                    self._walk(getattr(node, field, []), prefix)
                for handler in getattr(node, "handlers", []):
                    self._walk(handler.body, prefix)
                for case in getattr(node, "cases", []):
                    self._walk(case.body, prefix)

    def all(self) -> list[Function]:
        """Returns all functions, in the order of their lines."""
        return list(self._found)

    def of(self, line: int) -> Function:
        """Returns the function that a line belongs to, or `OUTSIDE`."""
        number = bisect.bisect_right(self._starts, line) - 1
        if number >= 0 and line <= self._found[number].last:
            return self._found[number]
        return OUTSIDE
