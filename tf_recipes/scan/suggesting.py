"""Writes a call of TF1 out as what takes its place, with the arguments that the code gives."""

import ast
import functools
import types
from collections.abc import Callable, Collection, Mapping, Sequence

from tf_recipes.knowledge import symbols
from tf_recipes.scan import rewrite_registry
from tf_recipes.scan.reading.resolution import Reference, Resolver
from tf_recipes.scan.reading.scopes import Scope
from tf_recipes.scan.terms.rewrite import EITHER, KERAS, Rewrite
from tf_recipes.scan.terms.rule import Called
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, Given, New, Piece
from tf_recipes.scan.terms.unparsing import unparsed

_LONGEST = 240  # characters of a call that is written out
_DEEPEST = 4  # calls within the arguments of calls
_MOST_KNOWN = 20_000  # names whose answers are kept
_NO_STAR = types.SimpleNamespace(star="")
Making = Callable[[Call], New]


class Suggester:
    """Writes the calls of one file out.

    Args:
        resolver: what the names of the file stand for.
        names: the names that may stand for something of TensorFlow; None for all.
    """

    def __init__(self, resolver: Resolver, names: Collection[str] | None = None) -> None:
        self._resolver, self._names = resolver, names
        # by the node, the function and whether it is an argument, which has no arg_scope
        self._known: dict[tuple[int, str, bool], str] = {}

    def written(self, called: Called, scope: Scope, depth: int = 0) -> str:
        """Returns the new call as source; nothing where no rewrite knows it, or if it is long.

        Args:
            called: the call, with what `arg_scope` and `partial` add to it.
            scope: the scope of the call.
            depth: the number of calls around it that are written out, too.
        """
        if called.unsure:
            return ""
        key = id(called.node), called.name, depth > 0
        known = self._known.get(key)
        if known is None:
            self._known[key] = known = self._made(called, scope, depth)
        return known

    def _made(self, called: Called, scope: Scope, depth: int) -> str:
        found = _makers().get(called.name)
        if found is None:
            return _renamed(called, self._text, scope, depth)
        make, order = found
        try:
            arguments = [(name, self._given(value, scope, depth)) for name, value in called.given()]
            literals = functools.partial(self._literal, scope)
            text = _text_of(make(Call(called.name, arguments, order, literals, True, True)))
        except CannotFix:
            return ""
        return text if len(text) <= _LONGEST else ""

    def _given(self, node: ast.expr, scope: Scope, depth: int) -> Given:
        is_call = type(node) is ast.Call
        references = self._resolved(node.func if is_call else node, scope)  # type: ignore[attr-defined]
        name = None
        if len(references) == 1:
            function = node.func if is_call else node  # type: ignore[attr-defined]
            if not self._resolver.lookups.is_passed(function, scope):
                name = symbols.canonical(references[0].name)
        return Given(_NO_STAR, self._text(node, scope, depth), name, is_call)

    def _resolved(self, node: ast.expr, scope: Scope) -> tuple[Reference, ...]:
        inner = node
        while type(inner) is ast.Attribute:
            inner = inner.value
        if type(inner) is ast.Constant:
            return ()
        if type(inner) is ast.Name and self._names is not None and inner.id not in self._names:
            return ()
        return self._resolver.resolve(node, scope)

    def _text(self, node: ast.expr, scope: Scope, depth: int) -> str:
        """Returns an argument as source; a call of TF1 as what takes its place."""
        if isinstance(node, ast.Call) and depth < _DEEPEST:
            references = self._resolved(node.func, scope)
            if len(references) == 1 and references[0].name.startswith("tf."):
                called = Called(symbols.canonical(references[0].name), node, references[0].partials)
                return self.written(called, scope, depth + 1) or _source(node)
        return _source(node)

    def _literal(self, scope: Scope, name: str) -> ast.expr | None:
        found = list(self._resolver.lookups.literals(ast.Name(name), scope))
        return found[0] if len(found) == 1 else None


def _source(node: ast.expr) -> str:
    if type(node) is ast.Name:
        return node.id
    return repr(node.value) if type(node) is ast.Constant else unparsed(node)


def _renamed(
    called: Called, text: Callable[[ast.expr, Scope, int], str], scope: Scope, depth: int
) -> str:
    """Returns the call of a function that has another name alone; nothing for any other."""
    new = renamed(called.name)
    if not new:
        return ""
    given = [
        text(value, scope, depth) if name is None else f"{name}={text(value, scope, depth)}"
        for name, value in called.given()
    ]
    made = f"{new}({', '.join(given)})"
    return made if len(made) <= _LONGEST else ""


@functools.lru_cache(_MOST_KNOWN)
def is_known(name: str) -> bool:
    """Returns whether calls of a function, by its canonical name, may be written out."""
    return name in _makers() or bool(renamed(name))


@functools.lru_cache(_MOST_KNOWN)
def renamed(name: str) -> str:
    """Returns the new name of what has another name alone; nothing for any other name."""
    names = _names()
    parts = name.split(".")
    for length in range(len(parts), 1, -1):
        new = names.get(".".join(parts[:length]))
        if new is not None:
            return ".".join([new, *parts[length:]])
    return ""


def _text_of(new: New) -> str:
    text = f"{new.function}({_joined(new.pieces)})"
    if new.then is not None:
        text += f"({_joined(new.then)})"
    for each in new.around:
        inner = ", ".join(part for part in (text, _joined(each.then or ())) if part)
        text = f"{each.function}({_joined(each.pieces)})({inner})"
    return text


def _joined(pieces: Sequence[Piece]) -> str:
    return ", ".join(
        f"{piece.keyword}={_value(piece)}" if piece.keyword else _value(piece) for piece in pieces
    )


def _value(piece: Piece) -> str:
    return piece.value if isinstance(piece.value, str) else piece.value.text.strip()


@functools.cache
def _makers() -> Mapping[str, tuple[Making, list[str] | None]]:
    """Returns `{canonical TF1 name: (function that makes the new call, its arguments)}`."""
    made: dict[str, tuple[Making, list[str] | None]] = {}
    for rewrite in _keras_last():
        for name, make in rewrite.calls.items():
            if rewrite.idiom == EITHER and symbols.first_vanished(name) is None:
                continue  # a living name may have another meaning now, such as tf.image.resize
            order = rewrite.orders.get(name)
            made[name] = make, None if order is None else list(order)
    return made


@functools.cache
def _names() -> Mapping[str, str]:
    return {
        name: new
        for rewrite in _keras_last()
        for name, new in rewrite.names.items()
        if symbols.first_vanished(name) is not None
    }


def _keras_last() -> list[Rewrite]:
    found = [each for each in rewrite_registry.all_rewrites().values() if each.suggested]
    return sorted(found, key=lambda each: each.idiom == KERAS)
