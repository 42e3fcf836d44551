"""Splits Python source, of version 2 or 3, into tokens and statements, whatever it holds.

Python's own tokenizer refuses Python 2 and the magics of notebooks. Nothing is ever refused here.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<string>\b[urbfURBF]{0,3}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''
        |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
     |(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<comment>\#[^\n]*)
    |(?P<number>0[xXoObB]\w+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[lLjJ]?)
    |(?P<name>\w+)
    |(?P<space>\\\r?\n|[ \t\f\r]+)
    |(?P<newline>\n)
    |(?P<operator><>|>>|<<|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = "([{", ")]}"
_COMPOUND = frozenset(
    ["if", "elif", "else", "for", "while", "try", "except", "finally", "with", "def", "class"]
)


class Token(NamedTuple):
    """Holds a token: its kind, its text, where it begins, and how many brackets are around it."""

    kind: str
    text: str
    start: int
    depth: int

    @property
    def end(self) -> int:
        """Returns where the text behind the token begins."""
        return self.start + len(self.text)


def tokens(source: str) -> Iterator[Token]:
    """Yields every token of the source, spaces and comments as well."""
    depth = 0
    for match in _TOKEN.finditer(source):
        kind, text = match.lastgroup or "operator", match[0]
        if kind == "operator" and text in _CLOSE:
            depth = max(0, depth - 1)
        yield Token(kind, text, match.start(), depth)
        if kind == "operator" and text in _OPEN:
            depth += 1


def statements(source: str) -> Iterator[list[Token]]:
    """Yields the tokens of each statement, without spaces and comments.

    What follows `if x:` in its line is a statement of its own.
    """
    found: list[Token] = []
    for token in tokens(source):
        if token.kind in ("space", "comment"):
            continue
        ends = token.depth == 0 and (token.kind == "newline" or token.text == ";")
        if token.kind != "newline" and not (ends and token.text == ";"):
            found.append(token)
        header = token.text == ":" and token.depth == 0 and found[0].text in _COMPOUND
        if header and _open_lambdas(found):
            header = False
        if (ends or header) and found:
            yield found
            found = []
    if found:
        yield found


def _open_lambdas(found: list[Token]) -> bool:
    """Returns whether the last colon of these tokens belongs to a `lambda`."""
    outside = [token.text for token in found if token.depth == 0]
    return outside.count("lambda") >= outside.count(":") and "lambda" in outside
