"""Writes a Keras program as the source code of a function of arrays, such as a loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tf_recipes.convert.program.expressions import Step, Tensor
from tf_recipes.convert.program.keras_program import KerasProgram
from tf_recipes.convert.program.model_code import ModelCode

PACKAGE = "model"  # the registered names of functions and classes begin with it
DECORATOR = f'@keras.saving.register_keras_serializable(package="{PACKAGE}")'
# layers without weights that a program has for a change of shape
_RESHAPES = ("keras.layers.Flatten", "keras.layers.Reshape")


class FunctionCode(ModelCode):
    """Writes the code of a function.

    Args:
        program: the program, without layers that have weights.
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
        taken = set(parameters)
        for step in self.steps:
            if self._names[id(step)] in taken:
                self._names[id(step)] += "_"
        for tensor, name in zip(inputs, parameters, strict=True):
            self._names[id(tensor.step)] = name

    def body(self) -> list[str]:
        """Returns the lines of the function's body; the last one returns the output.

        Raises:
            ValueError: if the program calls a layer that no function stands for.
        """
        lines: list[str] = []
        given = {id(tensor.step) for tensor in self.inputs}
        for step in self.steps:
            if id(step) not in given:
                lines += self._line(step if step.layer is None else self._reshape(step))
        name = self._name(self.outputs[0])
        last = f"{name} = "
        if lines and lines[-1].startswith(last):
            return [*lines[:-1], f"return {lines[-1].removeprefix(last)}"]
        return [*lines, f"return {name}"]

    def _reshape(self, step: Step) -> Step:
        """Returns a layer that changes the shape alone as an operation."""
        layer = step.layer
        shape = step.shapes[0]
        if layer is None or layer.path not in _RESHAPES or shape is None:
            path = layer.path if layer else ""
            raise ValueError(path)
        wanted = tuple(-1 if size is None else size for size in shape)
        changed = Step(
            "keras.ops.reshape",
            (*step.arguments, wanted),
            (),
            step.shapes,
            step.dtypes,
            step.nodes,
            step.scope,
        )
        self._names[id(changed)] = self._names[id(step)]
        self._kept = [*getattr(self, "_kept", []), changed]  # an id must stay that of one step
        return changed


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
