"""Writes expressions as source, as `ast.unparse` does, and the usual ones much faster."""

import ast
from collections.abc import Callable
from typing import Any

_OPERATORS: dict[type, str] = {
    ast.Add: " + ",
    ast.Sub: " - ",
    ast.Mult: " * ",
    ast.Div: " / ",
    ast.FloorDiv: " // ",
    ast.Mod: " % ",
    ast.Pow: " ** ",
}


def unparsed(node: ast.expr) -> str:
    """Returns an expression as `ast.unparse` writes it.

    >>> unparsed(ast.parse("f( x,[1 ,2],*rest, a = -b/(c+1) )", mode="eval").body)
    'f(x, [1, 2], *rest, a=-b / (c + 1))'
    """
    write = _WRITERS.get(type(node))
    text = write(node) if write is not None else None
    return ast.unparse(node) if text is None else text


def _atom(node: ast.expr) -> str | None:
    """Returns an expression that needs no brackets anywhere; None for another one."""
    write = _ATOMS.get(type(node))
    return write(node) if write is not None else None


def _constant(node: ast.Constant) -> str | None:
    kind = type(node.value)
    if (kind is str and node.kind is None) or kind is int or kind is bool or node.value is None:
        return repr(node.value)
    if kind is float:
        text = repr(node.value)
        return text if text[-1].isdigit() else None  # infinity has no literal
    return None


def _attribute(node: ast.Attribute) -> str | None:
    inner = node.value
    if type(inner) is ast.Name:
        return f"{inner.id}.{node.attr}"
    text = None if type(inner) is ast.Constant else _atom(inner)
    return None if text is None else f"{text}.{node.attr}"


def _call(node: ast.Call) -> str | None:
    function = _atom(node.func)
    if function is None or type(node.func) is ast.Constant:
        return None
    parts = [unparsed(each) for each in node.args]
    for each in node.keywords:
        text = unparsed(each.value)
        parts.append(f"**{text}" if each.arg is None else f"{each.arg}={text}")
    return f"{function}({', '.join(parts)})"


def _subscript(node: ast.Subscript) -> str | None:
    text = _atom(node.value)
    if text is None or type(node.value) is ast.Constant:
        return None
    if type(node.slice) is ast.Tuple or type(node.slice) is ast.Slice:
        return None
    return f"{text}[{unparsed(node.slice)}]"


def _list(node: ast.List) -> str:
    return f"[{', '.join(map(unparsed, node.elts))}]"


def _tuple(node: ast.Tuple) -> str:
    end = "," if len(node.elts) == 1 else ""
    return f"({', '.join(map(unparsed, node.elts))}{end})"


def _binary(node: ast.BinOp) -> str | None:
    operator = _OPERATORS.get(type(node.op))
    left, right = _atom(node.left), _atom(node.right)
    if operator is None or left is None or right is None:
        return None
    return f"{left}{operator}{right}"


def _unary(node: ast.UnaryOp) -> str | None:
    text = _atom(node.operand) if type(node.op) is ast.USub else None
    return None if text is None else f"-{text}"


_ATOMS: dict[type, Callable[[Any], str | None]] = {
    ast.Name: lambda node: node.id,
    ast.Constant: _constant,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Subscript: _subscript,
}
_WRITERS: dict[type, Callable[[Any], str | None]] = {
    **_ATOMS,
    ast.List: _list,
    ast.Tuple: _tuple,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
}
