"""Writes a Keras program as the source code of a function of arrays, such as a loss."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from tf_recipes.convert.program import expressions, written_functions
from tf_recipes.convert.program.expressions import Layer, Step, Tensor
from tf_recipes.convert.program.keras_program import KerasProgram
from tf_recipes.convert.program.model_code import WIDTH, ModelCode

PACKAGE = "model"  # the registered names of functions and classes begin with it
DECORATOR = f'@keras.saving.register_keras_serializable(package="{PACKAGE}")'
LONGEST = 72  # characters of an expression
SHORT = 12  # characters of an expression that is not worth a line
RESERVED = ("keras", "tf_recipes", "numpy", "self")  # names that a body needs
MOST_ENTRIES = 1000  # of a constant that the code writes out
# layers without weights that a program has for a change of shape
_RESHAPES = ("keras.layers.Flatten", "keras.layers.Reshape")


class FunctionCode(ModelCode):
    """Writes the code of a function, in which what is used once stands inside another expression.

    Args:
        program: the program, without layers that have variables.
        inputs: the tensors that are the function's parameters.
        output: the tensor that it returns.
        parameters: the names of the parameters, in the order of the inputs.
    """

    def __init__(
        self,
        program: KerasProgram,
        inputs: Sequence[Tensor],
        output: Tensor,
        parameters: Sequence[str],
    ) -> None:
        super().__init__(program, inputs, [output])
        taken = {*parameters, *RESERVED}
        for step in self.steps:
            name = free = _name_of(step)
            for count in itertools.count(1):
                if free not in taken:
                    break
                free = f"{name}_{count}"
            self._names[id(step)] = free
            taken.add(free)
        for tensor, name in zip(inputs, parameters, strict=True):
            self._names[id(tensor.step)] = name
        used = [t for step in self.steps for t in step.tensors()]
        self._uses = Counter(id(tensor.step) for tensor in [*used, output])
        # the steps that stand inside others: the text, and whether an operator makes it
        self._inside_others: dict[int, tuple[str, bool]] = {}

    def body(self) -> list[str]:
        """Returns the lines of the function's body; the last one returns the output.

        Raises:
            ValueError: if the program calls a layer that no function stands for.
        """
        lines: list[str] = []
        given = {id(tensor.step) for tensor in self.inputs}
        for step in self.steps:
            if id(step) in given:
                continue
            text, by_operator = self._expression(step, lines)
            if self._uses[id(step)] == 1 or text.isidentifier():
                self._inside_others[id(step)] = text, by_operator
            else:
                lines += self._assigned(step, text)
        return [*lines, *_broken("return ", self._name(self.outputs[0]))]

    def copies(self) -> list[str]:
        """Returns the source code of the functions that the body calls and no package has."""
        called = dict.fromkeys(str(step.callee) for step in self.steps if step.layer is None)
        known = written_functions.FUNCTIONS
        return [written_functions.source(name) for name in called if name in known]

    def _name(self, tensor: Tensor) -> str:
        inside = self._inside_others.get(id(tensor.step))
        name = inside[0] if inside else self._names[id(tensor.step)]
        return f"{name}[{tensor.index}]" if tensor.step.sequence else name

    def _assigned(self, step: Step, text: str) -> list[str]:
        return _broken(f"{self._names[id(step)]} = ", text)

    def _expression(self, step: Step, lines: list[str]) -> tuple[str, bool]:
        """Returns the text of a step, and whether an operator makes it.

        Args:
            step: the step.
            lines: the lines before; what would make the text too long is assigned in a line more.
        """
        while True:
            text, by_operator = self._written(step)
            inside = [each.step for each in step.tensors() if id(each.step) in self._inside_others]
            long = [each for each in inside if len(self._inside_others[id(each)][0]) > SHORT]
            if len(text) <= LONGEST or not long:
                return text, by_operator
            longest = max(long, key=lambda each: len(self._inside_others[id(each)][0]))
            lines += self._assigned(longest, self._inside_others.pop(id(longest))[0])

    def _written(self, step: Step) -> tuple[str, bool]:
        if step.layer is not None:
            return self._without_layer(step, step.layer), False
        function, arguments = str(step.callee), step.arguments
        if function == "keras.ops.negative":
            return f"-{self._operand(arguments[0])}", True
        if function[0].isalpha():
            return f"{function}({expressions.call(arguments, step.keywords, self._name)})", False
        if function == "[]":
            return f"{self._operand(arguments[0])}[{expressions.index(arguments[1])}]", False
        same = _unchanged(function, arguments)
        if same is not None:
            inside = self._inside_others.get(id(same.step))
            return self._name(same), inside is not None and inside[1]
        written = [self._operand(each) for each in arguments]
        if len(written) == 1:
            return f"{function}{written[0]}", True
        return f"{written[0]} {function} {written[1]}", True

    def _operand(self, value: Any) -> str:
        """Returns the text of an operand, in brackets where an operator makes it."""
        text = expressions.code(value, self._name)
        inside = self._inside_others.get(id(value.step)) if isinstance(value, Tensor) else None
        negative = not isinstance(value, Tensor) and text.startswith("-")
        return f"({text})" if (inside and inside[1]) or negative else text

    def _without_layer(self, step: Step, layer: Layer) -> str:
        """Returns the text of a layer that changes the shape alone, or holds a constant."""
        shape = step.shapes[0]
        if layer.path in _RESHAPES and shape is not None:
            wanted = tuple(-1 if size is None else size for size in shape)
            given = expressions.call((*step.arguments, wanted), (), self._name)
            return f"keras.ops.reshape({given})"
        places = [origin.constant for _, origin in layer.weights]
        if len(places) == 1 and places[0] >= 0:
            value = self.program.constants[places[0]]
            if not value.ndim:
                return expressions.code(value[()])
            if value.size <= MOST_ENTRIES:
                listed = expressions.code(nested(value))
                return f'keras.ops.array({listed}, "{value.dtype}")'
        raise ValueError(layer.path)


def _name_of(step: Step) -> str:
    """Returns a name for the result of a step, by the last part of TF1's name."""
    if str(step.callee).endswith("crossentropy"):
        return "entropy"
    last = step.scope.rstrip("/").rpartition("/")[2]
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", last)  # as in `SquaredDifference`
    return expressions.identifier(re.sub(r"(V\d)?(_\d+)?$", "", words))


def nested(array: Any) -> Any:
    """Returns an array as nested lists of numbers of its own precision."""
    return [nested(each) for each in array] if array.ndim else array[()]


def _unchanged(operator: str, arguments: Sequence[Any]) -> Tensor | None:
    """Returns the operand that an operation with 0 or 1 does not change, or None."""
    if len(arguments) != 2:
        return None
    first, second = arguments
    neutral = {"+": 0, "-": 0, "*": 1, "/": 1, "**": 1}.get(operator)
    if neutral is None:
        return None
    if isinstance(first, Tensor) and _is_number(second, neutral):
        return first
    if operator in "+*" and isinstance(second, Tensor) and _is_number(first, neutral):
        return second
    return None


def _is_number(value: Any, number: int) -> bool:
    return isinstance(value, float | int | np.floating | np.integer) and value == number


def _broken(start: str, text: str) -> list[str]:
    """Returns an expression after some text, in one line or, in brackets, in two more."""
    if len(start) + len(text) <= WIDTH - 8:
        return [start + text]
    path, bracket, inside = text.partition("(")
    if bracket and path.replace(".", "").replace("_", "").isalnum() and _closes_last(text):
        return [f"{start}{path}(", f"    {inside[:-1]}", ")"]
    return [f"{start}(", f"    {text}", ")"]


def _closes_last(text: str) -> bool:
    """Returns whether the first bracket of a text is closed by its last character."""
    depth = 0
    for k, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and character == ")":
            return k == len(text) - 1
    return False


def executed(source: str) -> dict[str, Any]:
    """Returns the names that some source code defines; the code must be the converter's own."""
    namespace: dict[str, Any] = {"__name__": PACKAGE}
    before = "import keras\nimport numpy\nimport tf_recipes\n"
    exec(compile(f"{before}{source}", f"{PACKAGE}.py", "exec"), namespace)
    return namespace


def function(
    name: str, parameters: Sequence[str], docstring: str, body: Sequence[str], decorator: str = ""
) -> str:
    """Returns the source code of a function.

    >>> print(function("f", ["x"], "Returns x.", ["return x"]))
    def f(x):
        \"\"\"Returns x.\"\"\"
        return x
    """
    lines = [decorator] if decorator else []
    lines += [f"def {name}({', '.join(parameters)}):", f'    """{docstring}"""']
    return "\n".join([*lines, *(f"    {line}" if line else "" for line in body)])
