"""Writes a Keras program as the source code of a module that builds the model."""

from __future__ import annotations

import types
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tf_recipes.convert.program import expressions
from tf_recipes.convert.program.expressions import Layer, Step, Tensor
from tf_recipes.convert.program.keras_program import KerasProgram, identity

WIDTH = 88


class ModelCode:
    """Writes the code of a program, and names its layers and tensors.

    Args:
        program: the program.
        inputs: the tensors that the model takes.
        outputs: the tensors that the model gives.
        title: the first line of the module's docstring, one line.
        compiled: the keyword arguments of `compile`, or None for a model that is not compiled.
        name: the name of the model.
        functions: the source code of functions and classes that the code of the model uses.
        keywords: `{identity of a layer: {keyword: value}}`, more keyword arguments of layers, such
            as a regularizer.
    """

    def __init__(
        self,
        program: KerasProgram,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        title: str = "Builds the model of a TF1 checkpoint.",
        compiled: dict[str, Any] | None = None,
        name: str = "",
        functions: Sequence[str] = (),
        keywords: Mapping[Any, Mapping[str, Any]] = types.MappingProxyType({}),
    ) -> None:
        self.program, self.title = program, title
        self.functions, self.keywords = functions, keywords
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)
        self.compiled, self.name = compiled, name
        self.steps = program.live([*inputs, *outputs])
        layers = {identity(step.layer): step.layer for step in self.steps if step.layer is not None}
        self.layer_names = _distinct(
            {
                key: expressions.layer_name(layer.scope, _kind(layer))
                for key, layer in layers.items()
            }
        )
        self._calls = Counter(identity(step.layer) for step in self.steps if step.layer)
        self._names = self._step_names()

    def name_of_layer(self, layer: Layer) -> str:
        """Returns the name that a layer has in the model."""
        return self.layer_names[identity(layer)]

    def layers(self) -> list[tuple[str, Layer]]:
        """Returns the layers that the program calls, with their names, in order."""
        found = {}
        for step in self.steps:
            if step.layer is not None:
                found[self.name_of_layer(step.layer)] = step.layer
        return list(found.items())

    def _step_names(self) -> dict[int, str]:
        wanted = {}
        for step in self.steps:
            last = step.scope.rstrip("/").rpartition("/")
            text = last[2] if step.layer is None or not last[2] else step.scope
            wanted[id(step)] = expressions.identifier(text)
        # an identifier for each step; that of a layer which is called twice is another one
        shared = {
            key: expressions.identifier(f"{name}_layer")
            for key, name in self.layer_names.items()
            if self._calls[key] > 1
        }
        named = _distinct({**wanted, **shared}, separator="_")
        self._shared = {key: named[key] for key in shared}
        return {key: named[key] for key in wanted}

    def _name(self, tensor: Tensor) -> str:
        name = self._names[id(tensor.step)]
        return f"{name}[{tensor.index}]" if tensor.step.sequence else name

    def source(self) -> str:
        """Returns the code of the module, formatted."""
        body = [*self._inside(), *self._model()]
        functions = [line for each in self.functions for line in (*each.splitlines(), "", "")]
        used = "\n".join([*functions, *body])
        imports = ["import keras"]
        if "numpy." in used:
            imports.append("import numpy")
        if "tf_recipes." in used:
            imports += ["", "import tf_recipes"]
        lines = [
            f'"""{self.title}"""',
            "",
            "from pathlib import Path",
            "",
            *imports,
            "",
            "",
            *functions,
            "def build():",
            '    """Returns the model, with new weights."""',
            *(f"    {line}" if line else "" for line in body),
            "",
            "",
            'if __name__ == "__main__":',
            "    model = build()",
            '    model.load_weights(Path(__file__).with_name("model.keras"))',
            "    model.summary()",
        ]
        return "\n".join(lines) + "\n"

    def _inside(self) -> list[str]:
        lines: list[str] = []
        defined: set[Any] = set()
        for step in self.steps:
            key = identity(step.layer) if step.layer else None
            if key in self._shared and key not in defined and step.layer is not None:
                defined.add(key)
                lines += _assignment(self._shared[key], *self._constructor(step.layer))
            lines += self._line(step)
        return lines

    def _line(self, step: Step) -> list[str]:
        name = self._names[id(step)]
        if step.layer is not None:
            key = identity(step.layer)
            taken = expressions.call(step.arguments, step.keywords, self._name)
            if key in self._shared:
                return _assignment(name, self._shared[key], [taken])
            path, arguments = self._constructor(step.layer)
            return _assignment(name, path, arguments, f"({taken})")
        function = str(step.callee)
        if not function[0].isalpha():
            return [f"{name} = {self._operator(function, step.arguments)}"]
        given = [expressions.code(each, self._name) for each in step.arguments]
        given += [f"{key}={expressions.code(v, self._name)}" for key, v in step.keywords]
        return _assignment(name, function, given)

    def _operator(self, operator: str, arguments: Sequence[Any]) -> str:
        if operator == "[]":
            taken = expressions.code(arguments[0], self._name)
            return f"{taken}[{expressions.index(arguments[1])}]"
        written = [expressions.code(each, self._name) for each in arguments]
        if len(written) == 1:
            return f"{operator}{written[0]}"
        return f"{written[0]} {operator} {written[1]}"

    def _constructor(self, layer: Layer) -> tuple[str, list[str]]:
        given = [expressions.code(each) for each in layer.arguments]
        more = self.keywords.get(identity(layer), {})
        keywords = (*layer.keywords, *more.items())
        given += [f"{name}={expressions.code(value)}" for name, value in keywords]
        return layer.path, [*given, f"name={expressions.quoted(self.name_of_layer(layer))}"]

    def _model(self) -> list[str]:
        def several(tensors: Sequence[Tensor]) -> str:
            names = [self._name(each) for each in tensors]
            return names[0] if len(names) == 1 else f"[{', '.join(names)}]"

        named = [f"name={expressions.quoted(self.name)}"] if self.name else []
        arguments = [several(self.inputs), several(self.outputs), *named]
        if self.compiled is None:
            lines = _call("keras.Model", arguments, len("return "))
            return [f"return {lines[0]}", *lines[1:]]
        compiled = expressions.made("model.compile", **self.compiled)
        return [
            *_assignment("model", "keras.Model", arguments),
            *expressions.lines(compiled, WIDTH - 4),
            "return model",
        ]


def _assignment(name: str, path: str, arguments: Sequence[str], called: str = "") -> list[str]:
    """Returns `name = path(arguments)called`, in one line or one line an argument."""
    start = f"{name} = "
    lines = _call(path, arguments, len(start) + len(called))
    lines[0] = start + lines[0]
    lines[-1] += called
    return lines


def _call(path: str, arguments: Sequence[str], beside: int) -> list[str]:
    """Returns the lines of a call; `beside` is the number of characters around it."""
    text = f"{path}({', '.join(arguments)})"
    if len(text) + beside <= WIDTH - 4 or not arguments:
        return [text]
    inside = ", ".join(arguments)
    if len(inside) <= WIDTH - 8:
        return [f"{path}(", f"    {inside}", ")"]
    return [f"{path}(", *(f"    {each}," for each in arguments), ")"]


def _distinct(wanted: dict[Any, str], separator: str = "_") -> dict[Any, str]:
    """Returns the names with a number at the end of those that were taken before."""
    taken: set[str] = set()
    found = {}
    for key, name in wanted.items():
        distinct, count = name, 1
        while distinct.lower() in taken:
            distinct = f"{name}{separator}{count}"
            count += 1
        taken.add(distinct.lower())
        found[key] = distinct
    return found


def _kind(layer: Layer) -> str:
    return layer.path.rpartition(".")[2].lower()
