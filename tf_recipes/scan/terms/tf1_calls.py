"""Shows a rewrite a call by TF1's argument names; the rewrite returns the new call."""

import ast
import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any

from tf_recipes.knowledge import signatures

# Arguments of TF1 that have no counterpart and no effect at these values.
_WITHOUT_EFFECT = ("None", "False")
_PLAIN = re.compile(r"""'[^'\\\n]*'|"[^"\\\n]*"|0|[1-9][0-9]*""")


class CannotFix(ValueError):
    """Says why a call cannot be rewritten."""


@dataclasses.dataclass
class Given:
    """Holds an argument of a call: its node after inner rewrites, its source, what it stands for.

    `node` is an argument of LibCST. `name` is the name of TensorFlow that it stands for, and
    `called` whether it is a call of it.
    """

    node: Any
    text: str
    name: str | None
    called: bool


@dataclasses.dataclass
class Piece:
    """Holds an argument of the new call: a keyword or None, and source or a given argument."""

    keyword: str | None
    value: str | Given


@dataclasses.dataclass
class New:
    """Holds a new expression: a call, then maybe a call of its result; `around` is put around.

    Attributes:
        function: the new function, such as `"keras.layers.Dense"`.
        pieces: its arguments.
        then: the arguments of the layer's call; None if there is none.
        around: calls around the result, such as an activation, from the inside out.
    """

    function: str
    pieces: Sequence[Piece]
    then: Sequence[Piece] | None = None
    around: Sequence["New"] = ()


class Call:
    """Shows a rewrite a call of a TF1 function.

    Args:
        name: the function's canonical name.
        arguments: what the call gives, in order, each with its keyword or None.
        order: the names of the function's arguments in order; None for those of TF1's record.
        literals: function from a name in the code to the expression that it is bound to.
        inline: whether the call is an argument of another call, and so its result has no name.
        is_rate: whether the result goes into optimizers alone.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[tuple[str | None, Given]],
        order: Sequence[str] | None = None,
        literals: Callable[[str], ast.expr | None] = lambda name: None,
        inline: bool = False,
        is_rate: bool = False,
    ) -> None:
        self.name, self._literals = name, literals
        self.inline, self.is_rate = inline, is_rate
        known = list(signatures.of_tf1().get(name, {})) if order is None else list(order)
        self._left: dict[str, Given] = {}
        self.positional: list[str] = []
        for position, (keyword, given) in enumerate(arguments):
            if given.node.star:
                raise CannotFix("an argument with a star")
            argument = keyword
            if argument is None:
                if position >= len(known) or known[position].startswith("*"):
                    raise CannotFix("more arguments than TF1's function has")
                argument = known[position]
                self.positional.append(argument)
            self._left[argument.lstrip("*")] = given

    def left(self) -> list[str]:
        """Returns the names of the arguments that were not taken yet, in the order of the call."""
        return list(self._left)

    def has(self, name: str) -> bool:
        """Returns whether the call gives an argument that was not taken yet."""
        return name in self._left

    def look(self, name: str) -> Given | None:
        """Returns an argument, and does not take it."""
        return self._left.get(name)

    def take(self, name: str) -> Given | None:
        """Takes an argument; returns None if the call does not give it."""
        return self._left.pop(name, None)

    def need(self, name: str) -> Given:
        """Takes an argument that TF1 required.

        Raises:
            CannotFix: if the call does not give it.
        """
        given = self.take(name)
        if given is None:
            raise CannotFix(f"{name} is missing")
        return given

    def dictionary(self, name: str) -> dict[str, str]:
        """Takes an argument that is a dict written out in the file: `{key: source}`.

        Raises:
            CannotFix: if it is no such dict.
        """
        given = self.take(name)
        if given is None:
            return {}
        node: ast.expr | None = ast.parse(given.text.strip(), mode="eval").body
        if isinstance(node, ast.Name):
            node = self._literals(node.id)
        is_dict = isinstance(node, ast.Call) and ast.unparse(node.func) == "dict"
        if isinstance(node, ast.Call) and is_dict and not node.args:
            if all(each.arg for each in node.keywords):
                return {str(each.arg): ast.unparse(each.value) for each in node.keywords}
            raise CannotFix(f"{name} has keys that are not written out")
        if not isinstance(node, ast.Dict):
            raise CannotFix(f"{name} is no dict that is written out once")
        made = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                raise CannotFix(f"{name} has keys that are not written out")
            made[key.value] = ast.unparse(value)
        return made

    def drop(self, *names: str) -> None:
        """Takes arguments away that only name or store things."""
        for name in names:
            self.take(name)

    def drop_without_effect(self, *names: str) -> None:
        """Takes arguments away whose value is None or False.

        Raises:
            CannotFix: for another value.
        """
        for name in names:
            given = self.take(name)
            if given is not None and given.text.strip() not in _WITHOUT_EFFECT:
                raise CannotFix(f"{name}={short(given.text)} has no counterpart")

    def done(self) -> None:
        """Checks that every argument was taken.

        Raises:
            CannotFix: if one is left.
        """
        for name in self._left:
            raise CannotFix(f"the argument {name}")


def literal(given: Given, name: str) -> Any:
    """Returns the value of an argument that is written out.

    Raises:
        CannotFix: if it is not a literal.
    """
    text = given.text.strip()
    if _PLAIN.fullmatch(text):  # most are, and need no parser
        return text[1:-1] if text[0] in "'\"" else int(text)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise CannotFix(f"{name}={short(given.text)} is not written out") from None


def short(text: str) -> str:
    """Returns source in one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:37]}..."
