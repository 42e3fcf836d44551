"""Rewrites Python 2 as Python 3 that can be parsed, for reading only.

Each token keeps its line; `Columns` tells its column in the original. What the code computes is not
kept: `` `x` `` becomes `(x)`, and `0777` becomes 777.
"""

import itertools
import re
from collections.abc import Iterable

from tf_recipes.scan.reading import lexer
from tf_recipes.scan.reading.lexer import Token

_OPERATORS = frozenset(["in", "is", "and", "or", "if", "else", "for"])


def converted(source: str) -> str:
    """Returns the source with the statements of Python 2 written as Python 3 has them.

    >>> converted('print "a", x')
    'print("a", x)'
    >>> converted("except ValueError, e: print `e`")
    'except ValueError as e: print((e))'
    """
    for start, end, text in sorted(_changes(source), reverse=True):
        source = source[:start] + text + source[end:]
    return "\n".join(_spaces(line) for line in source.split("\n"))


class Columns:
    """Knows which column of Python 2 a column of the converted source was.

    Args:
        source: the source before it is converted.
    """

    def __init__(self, source: str) -> None:
        self._lines = source.split("\n")
        self._changes: dict[int, list[tuple[int, int, str]]] = {}
        starts = [0, *itertools.accumulate(len(line) + 1 for line in self._lines)]
        line = 0
        for start, end, text in sorted(_changes(source)):
            while starts[line + 1] <= start:
                line += 1
            change = (start - starts[line], end - starts[line], text)
            self._changes.setdefault(line, []).append(change)

    def original(self, line: int, column: int) -> int:
        """Returns the column, in bytes of UTF-8 as `ast` counts them, in the original.

        Args:
            line: the line, from 1.
            column: the column in the converted source, in bytes.
        """
        text, changes = self._lines[line - 1], self._changes.get(line - 1, ())
        if not changes and "\t" not in text:
            return column
        indent = text[: len(text) - len(text.lstrip(" \t"))]
        new = _applied(text, changes)
        position = len(_spaces(new).encode()[:column].decode(errors="ignore"))
        position = max(position - len(_spaces(new)) + len(new), min(position, len(indent)))
        return len(text[: _before(position, changes)].encode())


def _applied(line: str, changes: Iterable[tuple[int, int, str]]) -> str:
    for start, end, text in sorted(changes, reverse=True):
        line = line[:start] + text + line[end:]
    return line


def _before(position: int, changes: Iterable[tuple[int, int, str]]) -> int:
    """Returns where a position of the changed line was before the changes."""
    shift = 0
    for start, end, text in changes:
        if position < start + shift:
            break
        if position < start + shift + len(text):
            return start
        shift += len(text) - (end - start)
    return position - shift


def _changes(source: str) -> list[tuple[int, int, str]]:
    """Returns what is written for what: `(start, end, new text)`."""
    changes: list[tuple[int, int, str]] = []
    for statement in lexer.statements(source):
        first = statement[0].text
        if first in ("print", "exec") and len(statement) > 1:
            changes += _called(statement)
        elif first == "raise":
            changes += _raised(statement)
        elif first == "except":
            changes += _caught(statement)
        changes += _tokens(statement)
    return changes


def _spaces(line: str) -> str:
    """Returns a line whose indentation has spaces for tabs, as Python 2 counted them."""
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return indent.expandtabs(8) + line[len(indent) :] if "\t" in indent else line


def _called(statement: list[Token]) -> list[tuple[int, int, str]]:
    """Puts what `print` or `exec` is given in brackets."""
    word, second, last = statement[0], statement[1], statement[-1]
    is_value = second.kind in ("string", "number") or second.text in ("`", "[", "{", ">>", "~")
    is_value |= second.kind == "name" and second.text not in _OPERATORS
    if not is_value:
        return []
    gap = int(second.start > word.end)  # the space becomes the bracket
    opened = [(word.end, word.end + gap, "(")]
    redirected = [(second.start, second.end, "  ")] if second.text == ">>" else []
    return [*opened, *redirected, (last.end, last.end, ")")]


def _raised(statement: list[Token]) -> list[tuple[int, int, str]]:
    """Writes `raise E, "text"` as a call."""
    commas = [token for token in statement if token.text == "," and token.depth == 0]
    if not commas:
        return []
    return [(commas[0].start, commas[0].end, "("), (statement[-1].end, statement[-1].end, ")")]


def _caught(statement: list[Token]) -> list[tuple[int, int, str]]:
    """Writes `except E, e:` with `as`."""
    commas = [token for token in statement if token.text == "," and token.depth == 0]
    return [(commas[-1].start, commas[-1].end, " as")] if commas else []


def _tokens(statement: list[Token]) -> list[tuple[int, int, str]]:
    """Rewrites single tokens: backticks, `<>`, `10L`, `0777`, `ur"..."`, tuples of parameters."""
    changes, backticks = [], 0
    for number, token in enumerate(statement):
        if token.text == "`":
            changes.append((token.start, token.end, ")" if backticks % 2 else "("))
            backticks += 1
        elif token.text == "<>":
            changes.append((token.start, token.end, "!="))
        elif token.kind == "number":
            text = re.sub(r"^0+(?=\d)", lambda zeros: " " * len(zeros[0]), token.text)
            text = re.sub(r"[lL]$", " ", text)
            if text != token.text:
                changes.append((token.start, token.end, text))
        elif token.text == "async" and not _is_keyword(statement, number):
            changes.append((token.start, token.end, "Async"))  # a name until Python 3.7
        elif token.kind == "string" and token.text[:2].lower() == "ur":
            changes.append((token.start, token.start + 1, " "))
    return changes + _tuple_parameters(statement)


def _is_keyword(statement: list[Token], number: int) -> bool:
    following = [token.text for token in statement[number + 1 : number + 2]]
    return following in (["def"], ["for"], ["with"])


def _tuple_parameters(statement: list[Token]) -> list[tuple[int, int, str]]:
    """Removes the inner brackets of `def f(a, (b, c)):` and of `lambda (a, b):`."""
    changes: list[tuple[int, int, str]] = []
    defined = statement[0].text == "def"
    for before, token in itertools.pairwise(statement):
        inner = defined and token.depth == 1 and before.text in ("(", ",")
        if token.text == "(" and (inner or before.text == "lambda"):
            closing = next(
                (
                    t
                    for t in statement
                    if t.start > token.start and t.depth == token.depth and t.text == ")"
                ),
                None,
            )
            if closing is not None:
                changes += [(token.start, token.end, " "), (closing.start, closing.end, " ")]
    return changes
