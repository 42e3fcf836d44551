"""Defines what a rule is, and what it is shown: a use of TensorFlow, a call, a whole file."""

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from tf_recipes._support.known_differences import DIFFERENCES
from tf_recipes.knowledge import signatures
from tf_recipes.scan.terms.findings import NUMBERS
from tf_recipes.scan.terms.unparsing import unparsed


class Advice(NamedTuple):
    """Holds what a rule says of a place: one sentence, what to write, and the page."""

    message: str
    replacement: str
    page: str = ""
    node: Any = None


class Used(NamedTuple):
    """Holds a use of a name of TensorFlow, from `tf` on.

    `in_tf1_code` is whether the file names something that only TensorFlow 1 has, and `on_compat`
    whether it imports `tf.compat.v1` in the place of TensorFlow, or turns TensorFlow 2 off.
    """

    name: str
    imported: bool
    in_tf1_code: bool = True
    on_compat: bool = False


class Called:
    """Holds a call of a function of TensorFlow, with what `partial` and `arg_scope` add to it.

    Attributes:
        name: the function's canonical name, from `tf` on.
        node: the call.
        in_tf1_code: whether the file names something that only TensorFlow 1 has.
        is_compat: whether the function is reached through `tf.compat.v1`.
        scope: the scope of the call; None where the file has no such call.
    """

    def __init__(
        self,
        name: str,
        node: ast.Call,
        partials: tuple[ast.Call, ...] = (),
        scoped: Sequence[ast.Call] = (),
        unsure: bool = False,
    ) -> None:
        self.name, self.node = name, node
        self.in_tf1_code, self.is_compat = True, False
        self.scope: Any = None
        self._positional = node.args
        if partials:
            self._positional = [each for call in partials for each in call.args[1:]] + node.args
        self._given: dict[str, ast.expr] = {}
        for each in self._positional:
            unsure |= type(each) is ast.Starred
        for call in (*scoped, *partials, node) if scoped or partials else (node,):
            for keyword in call.keywords:
                if keyword.arg is None:
                    unsure = True
                else:
                    self._given[keyword.arg] = keyword.value
        self.unsure = unsure

    def argument(self, name: str, position: int | None = None) -> ast.expr | None:
        """Returns an argument that the code gives, by name or by position; else None.

        Args:
            name: the argument's name in TF1.
            position: its position, from 0; None to take it from TF1's recorded signature.
        """
        if name in self._given:
            return self._given[name]
        if not self._positional:
            return None
        if position is None:
            position = signatures.positions(self.name).get(name)
        if position is None or position >= len(self._positional):
            return None
        return self._positional[position]

    def text(self, name: str, position: int | None = None) -> str:
        """Returns an argument as source; what TF1 takes in its place if the code gives none."""
        node = self.argument(name, position)
        if node is not None:
            return source(node)
        return signatures.of_tf1().get(self.name, {}).get(name) or "..."

    def lacks(self, name: str, position: int | None = None) -> bool:
        """Returns whether the code surely leaves an argument out."""
        return not self.unsure and self.argument(name, position) is None

    def names(self) -> list[str]:
        """Returns the names of the arguments that the code gives by name."""
        return list(self._given)

    def given(self) -> list[tuple[str | None, ast.expr]]:
        """Returns each argument that the code gives, with its name or None."""
        return [*((None, each) for each in self._positional), *self._given.items()]

    def positional(self) -> int:
        """Returns how many arguments the code gives by position."""
        return len(self._positional)


class Whole(NamedTuple):
    """Holds a whole file: the canonical names that it uses, its text and its tree.

    `calls` are the calls of functions that a rule names, and `in_loops` all calls inside loops.
    """

    names: frozenset[str]
    calls: list[Called]
    in_loops: list[ast.Call]
    text: str
    tree: ast.Module
    is_python2: bool


class Attributed(NamedTuple):
    """Holds `object.attribute`, of an object that is no module of TensorFlow, in TF1's code.

    `call` is the call of the attribute, None where the code does not call it. `is_made`
    tells whether the file shows that a function of TensorFlow made the object, and `makers` gives
    the functions of which one returned it; none where that is not sure.
    """

    node: ast.Attribute
    call: ast.Call | None
    is_made: Callable[[], bool] = bool
    makers: Callable[[], frozenset[str]] = frozenset

    def object(self) -> str:
        """Returns the object as source."""
        return source(self.node.value)

    def gives(self, *names: str) -> bool:
        """Returns whether a call has one of these arguments by name."""
        return self.call is not None and any(each.arg in names for each in self.call.keywords)


class Rule(NamedTuple):
    """Holds one rule. A module of `tf_recipes/scan/rules` defines one, as `RULE`.

    Attributes:
        code: the stable code, `TFR012`.
        name: a few words with hyphens.
        severity: a key of `findings.SEVERITIES`.
        page: the page below `docs/`.
        summary: what is found, in one sentence.
        before: a program of TF1 with a finding.
        after: the Keras 3 code in its place, or a program without a finding.
        functions: canonical names whose calls `call` is shown.
        keywords: arguments by name; `call` is shown each call that has one, whatever it calls.
        attributes: names; `attribute` is shown each attribute of an object that has one.
        difference: the key of the known difference that the rule finds; empty for none.
        use: yields advice on a use; `call` on a call; `attribute` on an attribute; `whole` on a
            file.
    """

    code: str
    name: str
    severity: str
    page: str
    summary: str
    before: str
    after: str
    functions: frozenset[str] = frozenset()
    keywords: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    difference: str = ""
    use: Callable[[Used], Iterator[Advice]] | None = None
    call: Callable[[Called], Iterator[Advice]] | None = None
    attribute: Callable[[Attributed], Iterator[Advice]] | None = None
    whole: Callable[[Whole], Iterator[Advice]] | None = None


def trap(
    code: str,
    name: str,
    difference: str,
    before: str,
    after: str,
    functions: frozenset[str] = frozenset(),
    keywords: frozenset[str] = frozenset(),
    summary: str = "",
    call: Callable[[Called], Iterator[Advice]] | None = None,
    whole: Callable[[Whole], Iterator[Advice]] | None = None,
) -> Rule:
    """Returns the rule that finds a known difference, with the page and the words of the table.

    Args:
        code: see `Rule`, as for the other arguments.
        name: a few words with hyphens.
        difference: a key of `known_differences.DIFFERENCES`.
        before: a program of TF1 with a finding.
        after: a program without one.
        functions: canonical names whose calls `call` is shown.
        keywords: arguments by name; `call` is shown each call that has one.
        summary: what is found, where it is less or more than the difference; empty for its words.
        call: yields advice on a call.
        whole: yields advice on a file.
    """
    known = DIFFERENCES[difference]
    words = f"TF1: {known.tf1}. A port often has in its place: {known.port}."
    page = known.page.removeprefix("docs/")
    return Rule(
        code,
        name,
        NUMBERS,
        page,
        summary or words,
        before,
        after,
        functions,
        keywords,
        difference=difference,
        call=call,
        whole=whole,
    )


def source(node: ast.expr) -> str:
    """Returns an expression as source in one line, cut where it is long."""
    text = unparsed(node)
    return text if len(text) <= 60 else f"{text[:57]}..."


def number(node: ast.expr | None) -> float | None:
    """Returns the value of a number in the code; None for anything else."""
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1, node.operand
    value = node.value if isinstance(node, ast.Constant) else None
    return sign * value if isinstance(value, int | float) else None


def is_none(node: ast.expr | None) -> bool:
    """Returns whether an expression is the word None."""
    return isinstance(node, ast.Constant) and node.value is None
