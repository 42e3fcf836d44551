"""Builds the Keras model of a program from the source code of the program, and sets its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes.convert.program import transforms
from tf_recipes.convert.program.expressions import Origin
from tf_recipes.convert.program.keras_program import KerasProgram
from tf_recipes.convert.program.model_code import ModelCode

MODULE = "model"  # the name of the module that the code becomes


def build(source: str) -> keras.Model:
    """Returns the model that the code of a program builds, with new weights.

    Args:
        source: the code, by `ModelCode.source`; it consists of what the patterns name and of
            literals.
    """
    namespace: dict[str, Any] = {"__name__": MODULE}
    exec(compile(source, f"{MODULE}.py", "exec"), namespace)
    model: keras.Model = namespace["build"]()
    return model


def weights(written: ModelCode, model: keras.Model) -> dict[str, tuple[Origin, keras.Variable]]:
    """Returns `{path of a Keras variable: (where its value comes from, the variable)}`."""
    found = {}
    by_name = {layer.name: layer for layer in model.layers}  # `get_layer` looks at every layer
    for name, layer in written.layers():
        for path, origin in layer.weights:
            variable: Any = by_name[name]
            for part in path.split("."):
                variable = getattr(variable, part)
            found[variable.path] = origin, variable
    return found


def set_weights(
    written: ModelCode,
    model: keras.Model,
    values: Mapping[str, NDArray[Any]],
) -> None:
    """Sets the weights of a model to those of a checkpoint.

    Args:
        written: the code that built the model.
        model: the model.
        values: `{TF1 variable: value}`.

    Raises:
        ValueError: if a value has another shape than the weight, or a weight has no value.
    """
    found = weights(written, model)
    given = with_joined(written.program, values)
    for path, (origin, variable) in found.items():
        value = transforms.value_of(origin, given, written.program.constants)
        if tuple(value.shape) != tuple(variable.shape):
            validation.fail(
                "A variable must have the shape of the weight that it becomes.",
                f"{', '.join(origin.variables)!r} of shape {value.shape} for {path!r} of shape "
                f"{tuple(variable.shape)}",
                "Convert the checkpoint with the .meta file that was saved with it.",
            )
        variable.assign(np.asarray(value))
    left = [each.path for each in model.weights if each.path not in found and not _is_seed(each)]
    if left:
        raise AssertionError(f"a pattern left weights without values: {left}")


def with_joined(
    program: KerasProgram, values: Mapping[str, NDArray[Any]]
) -> Mapping[str, NDArray[Any]]:
    """Returns values with those of the variables that TF1 keeps in parts.

    Args:
        program: the program.
        values: `{TF1 variable: value}`; a checkpoint may have the parts or the whole.
    """
    found = {}
    for name, joined in program.joined.items():
        if name not in values and all(part in values for part in joined.parts):
            found[name] = joined.value(values)
    return {**values, **found} if found else values


def _is_seed(variable: keras.Variable) -> bool:
    return "seed_generator" in variable.path
