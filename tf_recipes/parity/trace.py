"""Reads and writes traces: what one recipe did on real TensorFlow 1.15, step by step.

A trace is one `.npz` file. Reading checks every array, so that a comparison can rely on each.
"""

import dataclasses
import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tf_recipes import mnist
from tf_recipes._support import files
from tf_recipes._support.visible import shortened
from tf_recipes.parity import strict_json, trace_file
from tf_recipes.parity.trace_file import IMAGES, LARGEST, SMALL, UNPACKED, FileError
from tf_recipes.recipe import N_INPUTS, N_OUTPUTS, Recipe

N_EVALUATED = 256  # images whose logits in evaluation a trace holds
TEXT = 64 * 2**10  # characters of a JSON text
REMEDY = "Restore the file from its source, or record the trace again."


Found = TypeVar("Found")


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

    Args:
        path: an `.npz` file.

    Raises:
        TraceError: if the file is no trace, or the trace is incomplete, inconsistent, damaged or
            larger than the bounds of `trace_file`; the text is one line.
    """
    return _read(path, _Reader.trace)


def load_recipe(path: str | os.PathLike[str]) -> Recipe:
    """Returns the recipe of a trace; no other array of the file is read.

    Args:
        path: an `.npz` file.

    Raises:
        TraceError: if the file is no `.npz` file, or has no valid spec.
    """
    return _read(path, _Reader.recipe)


def _read(path: str | os.PathLike[str], found: Callable[["_Reader"], Found]) -> Found:
    """Returns what `found` takes from an open file; every error is a `TraceError`."""
    source = os.fspath(path)
    try:
        with trace_file.opened(path) as arrays:
            return found(_Reader(arrays, source))
    except TraceError:
        raise
    except FileError as error:
        if error.field:
            _fail(source, error.field, "must be a whole array of an .npz file.", str(error))
        _fail(source, "", "a trace must be a readable .npz file.", str(error))
    except Exception as error:  # a foreign file must not end the whole check
        _fail(source, "", "a trace must be a readable .npz file.", repr(error))


def _fail(source: str, field: str, rule: str, received: str) -> NoReturn:
    """Raises a `TraceError` of one short line without control characters."""
    raise TraceError(f"{_place(source, field)}: {rule} Received: {shortened(received)}. {REMEDY}")


def _place(source: str, field: str) -> str:
    """Returns `source: field` without control characters, each of limited length."""
    return ": ".join(shortened(part, 300) for part in (source, field) if part)


def save(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Writes the arrays of a trace and their digest; a failure leaves an older file as it was.

    Args:
        path: the file.
        arrays: the arrays by name. A `digest` among them is replaced.
    """
    arrays = {**arrays, "digest": np.array(digest(arrays))}
    with files.replacing(path) as partial, open(partial, "wb") as file:
        np.savez_compressed(file, **arrays)


def digest(arrays: Mapping[str, Any]) -> str:
    """Returns the SHA-256 of all arrays but `digest`: of their names, dtypes, shapes and bytes.

    Args:
        arrays: the arrays by name.
    """
    found = hashlib.sha256()
    for name in sorted(arrays.keys() - {"digest"}):
        array = np.asarray(arrays[name])
        found.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        found.update(array.tobytes())
    return found.hexdigest()


def from_arrays(arrays: Mapping[str, Any], source: str) -> Trace:
    """Checks a dict of arrays, and returns the trace that they make.

    Args:
        arrays: the file's arrays by name.
        source: what an error text calls the trace, such as its path.

    Raises:
        TraceError: naming `source` and the field.
    """
    return _Reader(_Loaded(arrays), source).trace()


class _Arrays(Protocol):
    """Gives the arrays of a trace by name, as a `trace_file.ArrayFile` does."""

    @property
    def packed(self) -> int | None:
        """Returns the bytes of the file; None without a file."""

    def __iter__(self) -> Iterator[str]: ...

    def __contains__(self, name: object) -> bool: ...

    def head(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Returns the shape and the dtype of an array."""

    def read(self, name: str) -> NDArray[Any]:
        """Returns an array."""


class _Loaded(dict[str, Any]):
    """Gives arrays that are in memory already."""

    packed = None

    def head(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Returns the shape and the dtype of an array."""
        array = self.read(name)
        return array.shape, array.dtype

    def read(self, name: str) -> NDArray[Any]:
        """Returns an array."""
        return np.asarray(self[name])


@dataclasses.dataclass(frozen=True)
class _Array:
    """Says what an array must be like.

    Attributes:
        shape: None stands for any length but 0.
        kind: the dtype, or a kind of dtypes.
        within: for whole numbers, the first one that is too large; 0 is the smallest.
    """

    shape: tuple[int | None, ...]
    kind: np.dtype[Any] | type[np.generic]
    within: int | None = None


class _Reader:
    """Looks at the head of each array, then reads and checks the arrays one by one."""

    def __init__(self, arrays: _Arrays, source: str) -> None:
        self.arrays = arrays
        self.source = source
        self.taken: dict[str, NDArray[Any]] = {}

    def fail(self, field: str, rule: str, received: object) -> NoReturn:
        """Raises the `TraceError` of a field."""
        _fail(self.source, field, rule, str(received))

    def trace(self) -> Trace:
        """Returns the checked trace."""
        recipe = self.recipe()
        provenance = self.json("provenance")
        steps = self.steps(recipe)
        shapes = variable_shapes(recipe)
        expected = self.expected(recipe, steps, shapes)
        for field, array in expected.items():
            self.check_head(field, array)
        self.refuse_extra_arrays(expected)
        self.check_size(recipe, expected)
        for field, array in expected.items():
            self.take(field, array)
        self.check_digest()
        return Trace(
            source=self.source,
            recipe=recipe,
            provenance=provenance,
            images=self.taken["images"],
            labels=self.taken["labels"].astype(np.int64),
            batches=self.taken["batches"].astype(np.int64),
            initial={name: self.taken[f"initial/{name}"] for name in shapes},
            losses=self.taken["losses"],
            steps=steps,
            variables={
                step: {name: self.taken[f"variables/{step}/{name}"] for name in shapes}
                for step in steps
            },
            masks={name: self.taken[f"masks/{name}"] for name in mask_shapes(recipe)},
            logits=self.taken["logits"],
            sensitivity={
                step: {name: self.sensitivity(f"sensitivity/{step}/{name}") for name in shapes}
                for step in steps
            },
            logits_sensitivity=self.sensitivity("sensitivity/logits"),
        )

    def expected(
        self, recipe: Recipe, steps: tuple[int, ...], shapes: Mapping[str, tuple[int, ...]]
    ) -> dict[str, _Array]:
        """Returns what each array but the texts and `steps` must be like."""
        batch = (recipe.steps, recipe.batch_size)
        dtype = np.dtype(recipe.dtype)
        images = _Array((None, N_INPUTS), np.uint8)
        n = self.check_head("images", images)[0]
        if n > (most := max(IMAGES, math.prod(batch))):
            rule = f"may hold at most {most} images: as many as the batches take, or {IMAGES}."
            self.fail("images", rule, f"{n} images")
        expected = {
            "images": images,
            "labels": _Array((n,), np.integer, within=N_OUTPUTS),
            "batches": _Array(batch, np.integer, within=n),
            **{f"initial/{name}": _Array(shape, dtype) for name, shape in shapes.items()},
        }
        for step in steps:
            for name, shape in shapes.items():
                expected[f"variables/{step}/{name}"] = _Array(shape, dtype)
        for step in steps:
            for name in shapes:
                expected[f"sensitivity/{step}/{name}"] = _Array((), np.floating)
        for name, units in mask_shapes(recipe).items():
            expected[f"masks/{name}"] = _Array((*batch, units), np.bool_)
        return {
            **expected,
            "losses": _Array((recipe.steps,), dtype),
            "logits": _Array((min(n, N_EVALUATED), N_OUTPUTS), dtype),
            "sensitivity/logits": _Array((), np.floating),
        }

    def head(self, field: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Returns the shape and the dtype of the array of that name."""
        if field not in self.arrays:
            self.fail(field, "this array must not be missing.", "a trace without it")
        return self.arrays.head(field)

    def check_head(self, field: str, array: _Array) -> tuple[int, ...]:
        """Checks the shape and the dtype of an array, and returns the shape."""
        shape, dtype = self.head(field)
        wanted = "(" + ", ".join("n" if size is None else str(size) for size in array.shape) + ")"
        fits = len(shape) == len(array.shape) and all(
            length == size if size is not None else length > 0
            for length, size in zip(shape, array.shape, strict=True)
        )
        if not fits:
            self.fail(field, f"the shape must be {shortened(wanted, 100)}.", shape)
        if not np.issubdtype(dtype, array.kind) or dtype == np.float16:
            kind = array.kind.name if isinstance(array.kind, np.dtype) else array.kind.__name__
            self.fail(
                field,
                f"the dtype must be {kind}{' but float16' if dtype == np.float16 else ''}.",
                dtype,
            )
        return shape

    def check_size(self, recipe: Recipe, expected: Mapping[str, _Array]) -> None:
        """Checks what all arrays take in memory together, the pixels among them."""
        unpacked = more = 0
        for field in expected:
            shape, dtype = self.arrays.head(field)
            entries = math.prod(shape)
            unpacked += entries * dtype.itemsize
            if field == "images":  # the pixels
                more += entries * np.dtype(recipe.dtype).itemsize
            if field in ("labels", "batches"):  # int64
                more += 8 * entries
        if (size := unpacked + more) > LARGEST:
            self.fail("all arrays", f"may take at most {LARGEST} bytes.", f"{size} bytes")
        packed = self.arrays.packed
        if packed is not None and unpacked > max(SMALL, UNPACKED * packed):
            self.fail(
                "all arrays",
                f"may unpack to at most {SMALL} bytes, or {UNPACKED} times the file.",
                f"{unpacked} bytes from a file of {packed} bytes",
            )

    def take(self, field: str, array: _Array) -> None:
        """Reads an array whose head was checked, and checks its entries."""
        self.taken[field] = found = self.arrays.read(field)
        if found.dtype.kind == "f" and not np.isfinite(found).all():
            self.fail(field, "every number must be finite.", "NaN or infinity")
        if array.within is not None and (found.min() < 0 or found.max() >= array.within):
            rule = f"entries must be from 0 to {array.within - 1}."
            self.fail(field, rule, f"{found.min()} to {found.max()}")

    def sensitivity(self, field: str) -> float:
        """Returns a sensitivity, from 0 to 1."""
        value = float(self.taken[field])
        if not 0 <= value <= 1:
            rule = "a sensitivity must be from 0 to 1: TF1's drift from itself, relative to TF1."
            self.fail(field, rule, value)
        return value

    def steps(self, recipe: Recipe) -> tuple[int, ...]:
        """Returns the recorded steps in ascending order."""
        expected = _Array((None,), np.integer)
        (count,) = self.check_head("steps", expected)
        if count > min(recipe.steps, trace_file.MEMBERS):
            self.fail("steps", f"must be different steps from 1 to {recipe.steps}.", f"{count}")
        self.take("steps", expected)
        steps = self.taken["steps"].tolist()
        if min(steps) < 1 or max(steps) > recipe.steps or len(set(steps)) < count:
            self.fail("steps", f"must be different steps from 1 to {recipe.steps}.", steps)
        if max(steps) < recipe.steps:
            rule = f"the recipe's last step, {recipe.steps}, must be among them."
            self.fail("steps", rule, steps)
        return tuple(sorted(steps))

    def text(self, field: str, kind: str = "text") -> str:
        """Returns the text that an array holds; an error calls it a `kind`."""
        shape, dtype = self.head(field)
        characters = dtype.itemsize // (4 if dtype.kind == "U" else 1)
        if math.prod(shape) != 1 or dtype.kind not in "US" or characters > TEXT:
            rule = f"must be one {kind} of at most {TEXT} characters."
            self.fail(field, rule, f"dtype={dtype}, shape={shape}")
        self.taken[field] = array = self.arrays.read(field)
        text = array.item()
        return text.decode(errors="replace") if isinstance(text, bytes) else text

    def json(self, field: str) -> dict[str, Any]:
        """Returns a JSON object that an array holds as text."""
        text = self.text(field, "JSON text")
        try:
            value = strict_json.parse(text)
        except (ValueError, RecursionError) as error:
            self.fail(field, "must be JSON.", error)
        if not isinstance(value, dict):
            self.fail(field, "must be a JSON object.", repr(value))
        return value

    def recipe(self) -> Recipe:
        """Returns the recipe of the trace's `spec`."""
        spec = self.json("spec")
        try:
            return Recipe.from_spec(spec)
        except (ValueError, TypeError) as error:
            text = f"{_place(self.source, 'spec')}: {shortened(str(error))} {REMEDY}"
            raise TraceError(text) from error

    def refuse_extra_arrays(self, expected: Mapping[str, _Array]) -> None:
        """Refuses every array that the format does not have, or that the spec does not need."""
        known = expected.keys() | {"spec", "provenance", "steps", "digest"}
        for field in sorted(set(self.arrays) - known):
            rule = "this array is one too many: the format has no such array for this spec."
            self.fail(field, rule, f"{len(field)} characters as its name")

    def check_digest(self) -> None:
        """Checks that the arrays are those of the digest, where the trace has one."""
        if "digest" not in self.arrays:
            return
        recorded = self.text("digest")
        if recorded != (found := digest(self.taken)):
            rule = "the arrays must be those that were recorded, so their digest must be this one."
            self.fail("digest", rule, f"{recorded}, for arrays of the digest {found}")
