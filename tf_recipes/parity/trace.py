"""Reads and writes traces: what one recipe did on real TensorFlow 1.15, step by step.

A trace is one `.npz` file. Reading checks every array, so that a comparison can rely on each.
"""

import dataclasses
import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from tf_recipes import mnist
from tf_recipes._support import files
from tf_recipes.recipe import N_INPUTS, N_OUTPUTS, Recipe

N_EVALUATED = 256  # images whose logits in evaluation a trace holds


class TraceError(ValueError):
    """Says why a trace cannot be used; the text names the file and the field."""


@dataclasses.dataclass(frozen=True)
class Trace:
    """Holds a complete trace; `docs/trace-format.md` lists the arrays and their shapes."""

    source: str
    recipe: Recipe
    provenance: Mapping[str, Any]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    batches: NDArray[np.int64]
    initial: Mapping[str, NDArray[Any]]
    losses: NDArray[Any]
    steps: tuple[int, ...]
    variables: Mapping[int, Mapping[str, NDArray[Any]]]
    masks: Mapping[str, NDArray[np.bool_]]
    logits: NDArray[Any]
    sensitivity: Mapping[int, Mapping[str, float]]
    logits_sensitivity: float

    def pixels(self) -> NDArray[Any]:
        """Returns the pool of images (n, 784) in the recipe's dtype, from 0 to 1."""
        return mnist.pixels(self.images, self.recipe.dtype)


def reference(provenance: Mapping[str, Any]) -> str:
    """Returns a label for what a trace was recorded on.

    The label is "TF 1.15" only where the provenance names that version.

    >>> reference({"tensorflow": "2.21.0"})
    "TF1's graph in TensorFlow 2.21.0"
    """
    version = str(provenance.get("tensorflow", ""))
    if version.startswith("1.15"):
        return "TF 1.15"
    plain = re.fullmatch(r"\d[\w.+-]{0,19}", version, re.ASCII)
    return f"TF1's graph in {f'TensorFlow {version}' if plain else 'an unknown TensorFlow'}"


def variable_shapes(recipe: Recipe) -> dict[str, tuple[int, ...]]:
    """Returns `{TF1's name: shape}` of every variable of the recipe's graph, optimizer aside."""
    shapes: dict[str, tuple[int, ...]] = {}
    fan_in = N_INPUTS
    scopes = [f"hidden{k}" for k in range(1, len(recipe.hidden) + 1)] + ["outputs"]
    norm = recipe.batch_norm_arguments()
    for scope, units in zip(scopes, (*recipe.hidden, N_OUTPUTS), strict=True):
        shapes[f"{scope}/weights"] = (fan_in, units)
        if norm is None:
            shapes[f"{scope}/biases"] = (units,)
        else:
            present = {
                "beta": norm["center"],
                "gamma": norm["scale"],
                "moving_mean": True,
                "moving_variance": True,
            }
            for name in (name for name, exists in present.items() if exists):
                shapes[f"{scope}/BatchNorm/{name}"] = (units,)
        fan_in = units
    return shapes


def mask_shapes(recipe: Recipe) -> dict[str, int]:
    """Returns `{layer: units}` of every dropout mask that the recipe draws."""
    if recipe.keep_prob == 1:
        return {}
    return {"X": N_INPUTS, **{f"hidden{k}": n for k, n in enumerate(recipe.hidden, start=1)}}


def load(path: str | os.PathLike[str]) -> Trace:
    """Reads and checks a trace.

    Raises:
        TraceError: if the file is no trace, or the trace is incomplete or inconsistent.
    """
    path = Path(path)
    if not path.exists():
        raise TraceError(f"{path}: there is no such file.")
    if not path.is_file():
        raise TraceError(f"{path}: not a readable .npz file (not a regular file).")
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # NumPy, zipfile and the decompressors raise different types
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TraceError(f"{path}: not a readable .npz file ({reason}).") from error
    return from_arrays(arrays, source=str(path))


def save(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Writes the arrays of a trace; a failure leaves an older file as it was."""
    with files.replacing(path) as partial, open(partial, "wb") as file:
        np.savez_compressed(file, **arrays)


def from_arrays(arrays: Mapping[str, Any], source: str) -> Trace:
    """Checks a dict of arrays, and returns the trace that they make.

    Args:
        arrays: the file's arrays by name.
        source: what an error text calls the trace, such as its path.

    Raises:
        TraceError: naming `source` and the field.
    """
    return _Reader(arrays, source).trace()


def _strict_json(text: str) -> Any:
    """Parses standard JSON: NaN and infinity, which Python alone reads, are refused."""
    return json.loads(text, parse_constant=_finite_number, parse_float=_finite_number)


def _finite_number(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is no finite number")
    return value


class _Reader:
    """Takes the arrays one by one and checks each against the recipe."""

    def __init__(self, arrays: Mapping[str, Any], source: str) -> None:
        self.arrays = arrays
        self.source = source

    def fail(self, field: str, text: str) -> NoReturn:
        """Raises the `TraceError` of a field."""
        raise TraceError(f"{self.source}: {field}: {text}")

    def trace(self) -> Trace:
        """Returns the checked trace."""
        recipe = self.recipe()
        n = self.take("images", (None, N_INPUTS), np.uint8).shape[0]
        labels = self.take("labels", (n,), np.integer)
        self.within("labels", labels, N_OUTPUTS)
        batches = self.take("batches", (recipe.steps, recipe.batch_size), np.integer)
        self.within("batches", batches, n)
        steps = self.steps(recipe)
        shapes = variable_shapes(recipe)
        dtype = np.dtype(recipe.dtype)
        initial = {name: self.take(f"initial/{name}", shapes[name], dtype) for name in shapes}
        variables = {
            step: {
                name: self.take(f"variables/{step}/{name}", shape, dtype)
                for name, shape in shapes.items()
            }
            for step in steps
        }
        sensitivity = {
            step: {name: self.sensitivity(f"sensitivity/{step}/{name}") for name in shapes}
            for step in steps
        }
        masks = {
            name: self.take(f"masks/{name}", (recipe.steps, recipe.batch_size, units), np.bool_)
            for name, units in mask_shapes(recipe).items()
        }
        trace = Trace(
            source=self.source,
            recipe=recipe,
            provenance=self.json("provenance"),
            images=self.arrays["images"],
            labels=labels.astype(np.int64),
            batches=batches.astype(np.int64),
            initial=initial,
            losses=self.take("losses", (recipe.steps,), np.floating),
            steps=steps,
            variables=variables,
            masks=masks,
            logits=self.take("logits", (min(n, N_EVALUATED), N_OUTPUTS), dtype),
            sensitivity=sensitivity,
            logits_sensitivity=self.sensitivity("sensitivity/logits"),
        )
        self.refuse_extra_arrays(trace)
        return trace

    def array(self, field: str) -> NDArray[Any]:
        """Returns the array of that name."""
        if field not in self.arrays:
            self.fail(field, "this array is missing, so the trace is incomplete.")
        if not isinstance(self.arrays[field], np.ndarray):
            self.fail(field, "is not an array in NumPy's format.")
        return self.arrays[field]

    def take(
        self, field: str, shape: tuple[int | None, ...], kind: np.dtype[Any] | type[np.generic]
    ) -> NDArray[Any]:
        """Returns a finite array of this dtype and shape; None stands for any length but 0."""
        array = self.array(field)
        expected = "(" + ", ".join("n" if size is None else str(size) for size in shape) + ")"
        fits = len(array.shape) == len(shape) and all(
            length == size if size is not None else length > 0
            for length, size in zip(array.shape, shape, strict=True)
        )
        if not fits:
            self.fail(field, f"the shape must be {expected}. Received: {array.shape}.")
        if not np.issubdtype(array.dtype, kind):
            wanted = kind.name if isinstance(kind, np.dtype) else kind.__name__
            self.fail(field, f"the dtype must be {wanted}. Received: {array.dtype}.")
        if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
            self.fail(field, "holds NaN or infinity.")
        return array

    def within(self, field: str, array: NDArray[Any], end: int) -> None:
        """Checks that every entry is from 0 to `end - 1`."""
        if array.min() < 0 or array.max() >= end:
            self.fail(
                field,
                f"entries must be from 0 to {end - 1}. Received: {array.min()} to {array.max()}.",
            )

    def sensitivity(self, field: str) -> float:
        """Returns a sensitivity, from 0 to 1."""
        value = self.take(field, (), np.floating)
        if not 0 <= value <= 1:
            self.fail(
                field,
                "must be from 0 to 1; where TF1 drifts further from itself, nothing can be judged. "
                f"Received: {value}.",
            )
        return float(value)

    def steps(self, recipe: Recipe) -> tuple[int, ...]:
        """Returns the recorded steps in ascending order."""
        steps = self.take("steps", (None,), np.integer)
        if steps.min() < 1 or steps.max() > recipe.steps or len(set(steps.tolist())) < len(steps):
            self.fail(
                "steps",
                f"must be different steps from 1 to {recipe.steps}. Received: {steps.tolist()}.",
            )
        return tuple(sorted(steps.tolist()))

    def json(self, field: str) -> dict[str, Any]:
        """Returns a JSON object that an array holds as text."""
        array = self.array(field)
        if array.size != 1 or array.dtype.kind not in "US":
            self.fail(field, f"must be one JSON text. Received: {array.dtype} {array.shape}.")
        text = array.item()
        try:
            value = _strict_json(text.decode() if isinstance(text, bytes) else text)
        except (ValueError, RecursionError) as error:
            self.fail(field, f"is not JSON ({error}).")
        if not isinstance(value, dict):
            self.fail(field, f"must be a JSON object. Received: {value!r}.")
        return value

    def recipe(self) -> Recipe:
        """Returns the recipe of the trace's `spec`."""
        spec = self.json("spec")
        try:
            return Recipe.from_spec(spec)
        except (ValueError, TypeError) as error:
            self.fail("spec", str(error))

    def refuse_extra_arrays(self, trace: Trace) -> None:
        """Refuses a variable, mask or sensitivity that the spec does not have."""
        names = trace.initial.keys()
        expected = {f"initial/{name}" for name in names} | {f"masks/{name}" for name in trace.masks}
        for step in trace.steps:
            expected |= {
                f"{kind}/{step}/{name}" for kind in ("variables", "sensitivity") for name in names
            }
        expected.add("sensitivity/logits")
        for field in sorted(self.arrays):
            if "/" in field and field not in expected:
                self.fail(field, "this array is one too many for the spec.")
