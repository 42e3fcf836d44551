"""Writes a Keras program as the source code of a module that builds the model."""

from __future__ import annotations

import re
import types
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tf_recipes.convert.program import code_layout, expressions, written_functions
from tf_recipes.convert.program.expressions import Layer, Made, Step, Tensor, WeightName
from tf_recipes.convert.program.keras_program import KerasProgram, identity

WIDTH = 88
_NAMES = re.compile(r'\bname="(\w+)"')  # all layers have names of letters, digits and "_"
DEEPEST = 600  # steps in a row that Python's usual limit of 1,000 calls has room for
LONGEST_OPERAND = 40  # letters of an operand that is written beside its operator


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
        model_class: the class of the model; one of `functions`, or nothing for `keras.Model`.
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
        model_class: str = "",
    ) -> None:
        self.program, self.title = program, title
        self.model_class = model_class or "keras.Model"
        self.functions, self.keywords = functions, keywords
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)
        self.compiled, self.name = compiled, name
        self.steps = program.live([*inputs, *outputs])
        layers = {identity(step.layer): step.layer for step in self.steps if step.layer is not None}
        given = [dict(s.keywords).get("name", "") for s in self.steps if s.callee == "keras.Input"]
        self.layer_names = _layer_names(layers, given)
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
            scope = step.scope.rstrip("/")
            if step.layer is None:
                text = scope.rpartition("/")[2]
            else:
                key = identity(step.layer)
                text = scope if self._calls[key] > 1 else self.layer_names[key]
            wanted[id(step)] = expressions.identifier(text)
        # an identifier for each step; that of a layer which is called twice is another one
        shared = {
            key: expressions.identifier(f"{name}_layer")
            for key, name in self.layer_names.items()
            if self._calls[key] > 1
        }
        defined = re.findall(r"^(?:def|class) (\w+)", "\n".join(self.functions), re.MULTILINE)
        named = _distinct({**wanted, **shared}, defined)
        self._shared = {key: named[key] for key in shared}
        return {key: named[key] for key in wanted}

    def _name(self, tensor: Tensor) -> str:
        name = self._names[id(tensor.step)]
        return f"{name}[{tensor.index}]" if tensor.step.sequence else name

    @property
    def recursion_limit(self) -> int | None:
        """Returns the limit of Python's recursion that the model needs; None for the usual one.

        Keras finds the layers of a functional model by a function that calls itself, once for each
        step of the longest way through the model.
        """
        depths: dict[int, int] = {}
        for step in self.steps:
            before = (depths[id(each.step)] for each in step.tensors())
            depths[id(step)] = 1 + max(before, default=0)
        deepest = max(depths.values(), default=0)
        return None if deepest <= DEEPEST else 1000 * (deepest // 1000 + 2)

    def source(self) -> str:
        """Returns the code of the module, formatted."""
        statements = [*self._inside(), *self._model()]
        body = [line for each in statements for line in code_layout.lines(each, WIDTH - 4)]
        called = dict.fromkeys(str(step.callee) for step in self.steps if step.layer is None)
        copied = [
            written_functions.source(name) for name in called if name in written_functions.FUNCTIONS
        ]
        functions = [
            line
            for each in dict.fromkeys((*copied, *self.functions))
            for line in (*each.splitlines(), "", "")
        ]
        used = "\n".join([*functions, *body])
        imports = ["import keras"]
        if "numpy." in used:
            imports.append("import numpy")
        if "tf_recipes." in used:
            imports += ["", "import tf_recipes"]
        build = "model.optimizer.build(model.trainable_variables)  # its state is loaded, too"
        limit = self.recursion_limit
        deep = [
            "",
            "# Keras walks through a model by a function that calls itself for each step",
            f"sys.setrecursionlimit({limit})",
        ]
        lines = [
            f'"""{self.title}"""',
            "",
            *(["import sys"] if limit else []),
            "from pathlib import Path",
            "",
            *imports,
            *(deep if limit else []),
            "",
            "",
            *functions,
            "def build():",
            '    """Returns the model, with new weights."""',
            *(f"    {line}" for line in body),
            "",
            "",
            'if __name__ == "__main__":',
            "    model = build()",
            *([f"    {build}"] if self.compiled is not None else []),
            '    model.load_weights(Path(__file__).with_name("model.keras"))',
            "    model.summary()",
        ]
        return "\n".join(lines) + "\n"

    def lines_of_layers(self) -> dict[str, int]:
        """Returns `{layer: the line of the code that has its name}`; the first line is 1."""
        found: dict[str, int] = {}
        for number, line in enumerate(self.source().splitlines(), 1):
            for name in _NAMES.findall(line):
                found.setdefault(name, number)
        return found

    def _inside(self) -> list[str]:
        lines: list[str] = []
        defined: set[Any] = set()
        for step in self.steps:
            key = identity(step.layer) if step.layer else None
            if key in self._shared and key not in defined and step.layer is not None:
                defined.add(key)
                lines.append(f"{self._shared[key]} = {self.constructor(step.layer)}")
            lines += self._statements(step)
        return lines

    def _statements(self, step: Step) -> list[str]:
        name = self._names[id(step)]
        if step.layer is not None:
            key = identity(step.layer)
            made = self._shared[key] if key in self._shared else self.constructor(step.layer)
            taken = expressions.call(step.arguments, step.keywords, self._name)
            return [f"{name} = {made}({taken})"]
        function = str(step.callee)
        if not function[0].isalpha():
            return self._operator(name, function, step.arguments)
        taken = expressions.call(step.arguments, step.keywords, self._name)
        return [f"{name} = {function}({taken})"]

    def _operator(self, name: str, operator: str, arguments: Sequence[Any]) -> list[str]:
        """Returns the statement of an operator; an operand that is long gets a name first."""
        if operator == "[]":
            taken = expressions.code(arguments[0], self._name)
            return [f"{name} = {taken}[{expressions.index(arguments[1])}]"]
        statements, written = [], []
        for each in arguments:
            text = expressions.code(each, self._name)
            if len(text) > LONGEST_OPERAND:
                named = _distinct({**{n: n for n in self._names.values()}, 0: f"{name}_value"})[0]
                statements.append(f"{named} = {text}")
                text = named
            written.append(text)
        value = f" {operator} ".join(written) if len(written) > 1 else f"{operator}{written[0]}"
        return [*statements, f"{name} = {value}"]

    def constructor(self, layer: Layer) -> str:
        """Returns the code that makes a layer, in one line."""
        given = [expressions.code(each) for each in layer.arguments]
        more = self.keywords.get(identity(layer), {})
        keywords = (*layer.keywords, *more.items())
        given += [f"{name}={expressions.code(value)}" for name, value in keywords]
        given.append(f"name={expressions.quoted(self.name_of_layer(layer))}")
        return f"{layer.path}({', '.join(given)})"

    def _model(self) -> list[str]:
        def several(tensors: Sequence[Tensor]) -> str:
            names = [self._name(each) for each in tensors]
            return names[0] if len(names) == 1 else f"[{', '.join(names)}]"

        named = [f"name={expressions.quoted(self.name)}"] if self.name else []
        arguments = ", ".join([several(self.inputs), several(self.outputs), *named])
        if self.compiled is None:
            return [f"return {self.model_class}({arguments})"]
        compiled = self._with_names(expressions.made("model.compile", **self.compiled))
        return [
            f"model = {self.model_class}({arguments})",
            expressions.code(compiled),
            "return model",
        ]

    def _with_names(self, value: Any) -> Any:
        """Returns an expression with the names of layers and weights that it stands for."""
        match value:
            case WeightName(layer, weight):
                name = self.name_of_layer(layer)
                return f"{name}/{weight}" if weight else name
            case Made(path, arguments, keywords):
                named = tuple((key, self._with_names(each)) for key, each in keywords)
                return Made(path, self._with_names(arguments), named)
            case list() | tuple():
                return type(value)(self._with_names(each) for each in value)
        return value


def _layer_names(layers: Mapping[Any, Layer], inputs: Sequence[str]) -> dict[Any, str]:
    """Returns `{identity of a layer: its name}`: TF1's scope, or the variable of several in it.

    Args:
        layers: `{identity: layer}`.
        inputs: the names of the model's inputs, which no layer can have.
    """
    wanted = {
        key: expressions.layer_name(layer.scope, _kind(layer)) for key, layer in layers.items()
    }
    counts = Counter(wanted.values())
    for key, layer in layers.items():
        if re.fullmatch(r"Variable(_\d+)?", layer.scope):  # the program gave no name
            wanted[key] = _kind(layer)
        elif counts[wanted[key]] > 1 and layer.variables:
            wanted[key] = expressions.layer_name(layer.variables[0], _kind(layer))
    return _distinct(wanted, inputs)


def _distinct(wanted: dict[Any, str], before: Iterable[str] = ()) -> dict[Any, str]:
    """Returns the names with a number at the end of those that were taken before."""
    taken = {name.lower() for name in before}
    counts: Counter[str] = Counter()
    found = {}
    for key, name in wanted.items():
        distinct = name
        while distinct.lower() in taken:
            counts[name] += 1
            distinct = f"{name.rstrip('_')}_{counts[name]}"
        taken.add(distinct.lower())
        found[key] = distinct
    return found


def _kind(layer: Layer) -> str:
    return layer.path.rpartition(".")[2].lower()
