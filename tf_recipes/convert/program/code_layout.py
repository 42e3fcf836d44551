"""Breaks a long statement into lines, as `ruff format` and Black do."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

_INDENT = 4
_OPEN, _CLOSE = "([{", ")]}"
# a string in quotes, a bracket or a comma, or what stands between those
_TOKEN = re.compile(r"""b?"(?:[^"\\]|\\.)*"|b?'(?:[^'\\]|\\.)*'|[()\[\]{},]|[^()\[\]{},"']+""")
_NAMES = re.compile(r"\w+(?:, \w+)+")  # what a tuple is unpacked into
_OPERATOR = re.compile(r" (?:[-+*/%@&|<>]|//|\*\*|==|!=|<=|>=) ")


@dataclasses.dataclass(frozen=True)
class _Brackets:
    """Holds a pair of brackets and what is inside: a list of items, each a list of pieces.

    `call` says that the brackets hold the arguments of a call, and are no list, tuple or dict.
    """

    start: str
    items: tuple[tuple[_Piece, ...], ...]
    comma: bool
    call: bool

    @property
    def flat(self) -> str:
        """Returns the text in one line."""
        inside = ", ".join(_flat(each) for each in self.items)
        comma = "," if self.comma else ""
        return f"{self.start}{inside}{comma}{_CLOSE[_OPEN.index(self.start)]}"


_Piece = str | _Brackets


def _flat(pieces: Sequence[_Piece]) -> str:
    return "".join(each if isinstance(each, str) else each.flat for each in pieces)


def lines(statement: str, width: int) -> list[str]:
    """Returns the lines of a statement.

    Args:
        statement: an assignment, a call or a `return`, in one line.
        width: the largest number of characters of a line. A string that is longer stays whole.

    >>> lines("x = f(1, 2)", 20)
    ['x = f(1, 2)']
    >>> lines("x = keras.layers.Dense(3, name='a')(h)", 30)
    ['x = keras.layers.Dense(', "    3, name='a'", ')(h)']
    >>> lines("x = one + another", 16)
    ['x = (', '    one + another', ')']
    >>> lines("one, another = y_pred", 16)
    ['(', '    one,', '    another,', ') = y_pred']
    """
    if len(statement) <= width:
        return [statement]
    pieces = _parsed(statement)
    target, sign, value = statement.partition(" = ")
    if sign and _NAMES.fullmatch(target):
        names = [f"{' ' * _INDENT}{name}," for name in target.split(", ")]
        return ["(", *names, f") = {value}"]
    outside = "".join("" if isinstance(each, _Brackets) else each for each in pieces)
    if sign and _OPERATOR.search(outside.partition(" = ")[2]):
        value = statement[len(target) + len(sign) :]
        return [f"{target} = (", " " * _INDENT + value, ")"]
    writer = _Writer(width)
    writer.write(pieces, 0)
    return writer.lines


def _parsed(text: str) -> tuple[_Piece, ...]:
    stack: list[list[list[_Piece]]] = [[[]]]
    opened: list[tuple[str, bool]] = []
    for token in _TOKEN.findall(text):
        if token in _OPEN:
            before = stack[-1][-1]
            opened.append((token, token == "(" and _calls(before)))
            stack.append([[]])
        elif token in _CLOSE:
            items = stack.pop()
            comma = len(items) > 1 and not items[-1]
            items = [each for each in items if each]
            start, call = opened.pop()
            stack[-1][-1].append(
                _Brackets(start, tuple(tuple(each) for each in items), comma, call)
            )
        elif token == "," and opened:
            stack[-1].append([])
        else:
            inside = token.lstrip(" ") if opened and not stack[-1][-1] else token
            if inside:
                stack[-1][-1].append(inside)
    return tuple(stack[0][0])


def _calls(before: Sequence[_Piece]) -> bool:
    """Returns whether brackets behind some pieces hold the arguments of a call."""
    if not before or isinstance(before[-1], _Brackets):
        return bool(before)
    return before[-1][-1].isidentifier() and not before[-1].endswith("return")


class _Writer:
    """Writes pieces; brackets that do not fit into a line are opened, from the outside in."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines = [""]

    def write(self, pieces: Sequence[_Piece], indent: int, after: str = "") -> None:
        """Writes pieces.

        Args:
            pieces: texts and brackets.
            indent: the number of spaces before the closing bracket of what is opened.
            after: what follows in the same line, such as a comma.
        """
        for k, piece in enumerate(pieces):
            if isinstance(piece, str):
                self.lines[-1] += piece
                continue
            text = piece.flat
            beside = _until_brackets(pieces[k + 1 :], after)
            fits = len(self.lines[-1]) + len(text) + len(beside) <= self.width
            if fits or not piece.items:
                self.lines[-1] += text
            else:
                self._open(piece, indent)

    def _open(self, brackets: _Brackets, indent: int) -> None:
        inside = indent + _INDENT
        self.lines[-1] += brackets.start
        text = " " * inside + ", ".join(_flat(each) for each in brackets.items)
        if brackets.call and len(text) <= self.width:
            self.lines.append(text)
        else:
            for each in brackets.items:
                self.lines.append(" " * inside)
                self.write(each, inside, ",")
                self.lines[-1] += ","
        self.lines.append(" " * indent + _CLOSE[_OPEN.index(brackets.start)])


def _until_brackets(pieces: Sequence[_Piece], after: str) -> str:
    """Returns what must stand in the line of a closing bracket: all up to where one may open."""
    text = ""
    for each in pieces:
        if isinstance(each, str):
            text += each
        elif each.items:
            return text + each.start
        else:
            text += each.flat
    return text + after
