"""Reads recordings: the first training steps of a program, as `tf1_recording.py` kept them.

A recording is one `.npz` file of format version 2; `docs/trace-format.md` lists its arrays. It may
come from anywhere, so that nothing is unpacked before its size is known.
"""

import dataclasses
import math
import os
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from tf_recipes._support.visible import shortened
from tf_recipes.parity import strict_json, trace_file
from tf_recipes.parity.trace_file import LARGEST, SMALL, UNPACKED, ArrayFile, FileError

FORMAT = "tf_recipes recording 2"
VERSION = 2
END = b"."  # follows each text, because NumPy drops zero bytes at the end of a text
TEXT = 4 * 2**20  # bytes of a JSON text
KINDS = ("feed", "iterator", "queue", "random", "outside")
REMEDY = "Restore the file from its source, or record the program again."
OVERFLOW = "Record the program with max_steps below the step in which numbers overflow."

_OPERATION = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*", re.ASCII)
_TENSOR = re.compile(rf"{_OPERATION.pattern}:[0-9]+", re.ASCII)
_TEXTS = ("format", "recording", "kinds")
_NUMBERS = "biufc"  # kinds of dtypes
_RECORDING = {
    "version",
    "train_op",
    "loss",
    "steps",
    "kept",
    "fed",
    "drawn",
    "updates",
    "between",
    "unrecorded",
    "provenance",
}


class RecordingError(ValueError):
    """Says why a recording cannot be used; the text names the file and the field."""


@dataclasses.dataclass(frozen=True)
class Run:
    """Holds what the program ran between two training steps, and what changed variables.

    Attributes:
        after: the recorded step before the run.
        operations: the names of the fetched operations.
        fed: the names of the fed tensors, whose values are not recorded.
        times: how often the run was made.
    """

    after: int
    operations: tuple[str, ...]
    fed: tuple[str, ...]
    times: int


@dataclasses.dataclass(frozen=True)
class Unrecorded:
    """Holds the name of a value that could not be recorded, and the reason.

    Attributes:
        name: a tensor, an operation, a node of a function or a variable.
        kind: one of `KINDS`, or "variable".
        reason: a part of a sentence that follows the name.
        seeds: the two seeds of a random operation, (0, 0) if TensorFlow chose them; None if the
            operation has none.
    """

    name: str
    kind: str
    reason: str
    seeds: tuple[int, int] | None


@dataclasses.dataclass(frozen=True)
class Recording:
    """Holds a complete recording.

    Attributes:
        source: the path.
        graph: a serialized `MetaGraphDef`, which is not parsed here.
        train_op: the name of the operation that trains.
        loss: the name of the loss tensor, or None.
        steps: the number of recorded steps, which count from 1.
        updates: for each step, the operations that were fetched beside `train_op` and changed more
            variables.
        fed: for each step, the tensors that were fed.
        values: `{step: {tensor: array}}` of all that was fed, drawn or dequeued. Texts are arrays
            of `bytes` objects.
        kinds: `{tensor: kind}`, with a kind of `KINDS`.
        initial: `{variable: array}` before the first step.
        variables: `{step: {variable: array}}` after the kept steps.
        losses: (steps,), the loss of each step, or None.
        between: the runs between the steps that changed variables.
        unrecorded: what could not be recorded.
        provenance: the versions that recorded.
    """

    source: str
    graph: bytes
    train_op: str
    loss: str | None
    steps: int
    updates: tuple[tuple[str, ...], ...]
    fed: tuple[tuple[str, ...], ...]
    values: Mapping[int, Mapping[str, NDArray[Any]]]
    kinds: Mapping[str, str]
    initial: Mapping[str, NDArray[Any]]
    variables: Mapping[int, Mapping[str, NDArray[Any]]]
    losses: NDArray[Any] | None
    between: tuple[Run, ...]
    unrecorded: tuple[Unrecorded, ...]
    provenance: Mapping[str, str]


def read(path: str | os.PathLike[str]) -> Recording:
    """Reads and checks a recording.

    Args:
        path: an `.npz` file that `tf1_recording.py` wrote.

    Raises:
        RecordingError: if the file is no recording, or the recording is incomplete, inconsistent,
            damaged or larger than the bounds of `tf_recipes.parity.trace_file`; the text is one
            line.
    """
    source = os.fspath(path)
    try:
        with trace_file.opened(path) as arrays:
            return _Reader(arrays, source).recording()
    except RecordingError:
        raise
    except FileError as error:
        if error.field:
            _fail(source, error.field, "must be a whole array of an .npz file.", str(error))
        _fail(source, "", "a recording must be a readable .npz file.", str(error))
    except Exception as error:  # a foreign file must not end a caller's whole run
        _fail(source, "", "a recording must be a readable .npz file.", repr(error))


def _fail(source: str, field: str, rule: str, received: str, remedy: str = REMEDY) -> NoReturn:
    """Raises a `RecordingError` of one short line without control characters."""
    place = ": ".join(shortened(part, 300) for part in (source, field) if part)
    raise RecordingError(f"{place}: {rule} Received: {shortened(received)}. {remedy}")


class _Reader:
    """Looks at the names and the heads of all arrays, then reads and checks the arrays."""

    def __init__(self, arrays: ArrayFile, source: str) -> None:
        self.arrays = arrays
        self.source = source

    def fail(self, field: str, rule: str, received: object, remedy: str = REMEDY) -> NoReturn:
        """Raises the `RecordingError` of a field."""
        _fail(self.source, field, rule, str(received), remedy)

    def recording(self) -> Recording:
        """Returns the checked recording."""
        self.check_format()
        described = self.object("recording")
        self.check_keys(described)
        steps = described["steps"]
        kinds = self.kinds()
        drawn = self.names_of_steps(described, "drawn", _TENSOR)
        fed = self.names_of_steps(described, "fed", _TENSOR)
        updates = self.names_of_steps(described, "updates", _OPERATION)
        kept = self.kept(described)
        variables = sorted(
            name.removeprefix("initial/") for name in self.arrays if name.startswith("initial/")
        )
        self.check_variables(variables)
        values = {step: (*fed[step - 1], *drawn[step - 1]) for step in range(1, steps + 1)}
        self.check_kinds(kinds, values)
        expected = self.expected(described, values, kept, variables)
        self.check_names(expected)
        self.check_sizes(expected)
        self.check_heads(described, values, kept, variables)
        return Recording(
            source=self.source,
            graph=self.arrays.read("graph").tobytes(),
            train_op=described["train_op"],
            loss=described["loss"],
            steps=steps,
            updates=updates,
            fed=fed,
            values={
                step: {name: self.take(f"values/{step}/{name}") for name in names}
                for step, names in values.items()
            },
            kinds=kinds,
            initial={name: self.take(f"initial/{name}") for name in variables},
            variables={
                step: {name: self.take(f"variables/{step}/{name}") for name in variables}
                for step in kept
            },
            losses=None if described["loss"] is None else self.take("losses"),
            between=self.between(described),
            unrecorded=self.unrecorded(described),
            provenance=self.provenance(described),
        )

    def check_format(self) -> None:
        """Refuses what is no recording of this version."""
        if "format" not in self.arrays and "spec" in self.arrays:
            rule = "a recording must have the format version 2."
            remedy = "Judge traces of recipes by `tf-recipes check --trace_dir=DIR`."
            self.fail("format", rule, "a trace of version 1, which has a recipe", remedy)
        if (found := self.text("format")) != FORMAT:
            self.fail("format", f"must be {FORMAT!r}.", repr(found))

    def check_keys(self, described: Mapping[str, Any]) -> None:
        """Checks the keys of the recording's JSON, and the values that are no lists."""
        if found := sorted(_RECORDING ^ described.keys()):
            rule = f"the keys must be {', '.join(sorted(_RECORDING))}."
            self.fail("recording", rule, f"one too many or too few: {', '.join(found)}")
        if described["version"] != VERSION or isinstance(described["version"], bool):
            self.fail("recording", f"version must be {VERSION}.", repr(described["version"]))
        self.check_name("train_op", described["train_op"], _OPERATION)
        if described["loss"] is not None:
            self.check_name("loss", described["loss"], _TENSOR)
        if not self.is_whole(described["steps"], 1, trace_file.MEMBERS):
            rule = f"steps must be a whole number from 1 to {trace_file.MEMBERS}."
            self.fail("recording", rule, repr(described["steps"]))

    @staticmethod
    def is_whole(value: object, least: int, most: float = math.inf) -> bool:
        """Returns if a value of a JSON text is a whole number from `least` to `most`."""
        return type(value) is int and least <= value <= most

    def check_name(self, key: str, name: object, pattern: re.Pattern[str]) -> str:
        """Returns a name of the recording's JSON that has the form of a TensorFlow name."""
        if not isinstance(name, str) or not pattern.fullmatch(name):
            kind = "a tensor" if pattern is _TENSOR else "an operation"
            self.fail("recording", f"{key} must be the name of {kind}.", repr(name))
        return name

    def names(self, key: str, found: object, pattern: re.Pattern[str]) -> tuple[str, ...]:
        """Returns a list of different names of the recording's JSON."""
        if not isinstance(found, list):
            self.fail("recording", f"{key} must be a list of names.", repr(found))
        names = tuple(self.check_name(key, name, pattern) for name in found)
        if len(set(names)) < len(names):
            self.fail("recording", f"{key} must have each name once.", repr(found))
        return names

    def names_of_steps(
        self, described: Mapping[str, Any], key: str, pattern: re.Pattern[str]
    ) -> tuple[tuple[str, ...], ...]:
        """Returns a list of names for each step."""
        found, steps = described[key], described["steps"]
        if not isinstance(found, list) or len(found) != steps:
            received = f"{len(found)} lists" if isinstance(found, list) else repr(found)
            self.fail("recording", f"{key} must have a list for each of {steps} steps.", received)
        return tuple(self.names(key, each, pattern) for each in found)

    def kept(self, described: Mapping[str, Any]) -> tuple[int, ...]:
        """Returns the steps after which the variables were kept, in ascending order."""
        found, steps = described["kept"], described["steps"]
        if (
            not isinstance(found, list)
            or not found
            or not all(self.is_whole(step, 1, steps) for step in found)
            or len(set(found)) < len(found)
        ):
            rule = f"kept must be a list of different steps from 1 to {steps}."
            self.fail("recording", rule, repr(found))
        return tuple(sorted(found))

    def kinds(self) -> dict[str, str]:
        """Returns the kind of each tensor."""
        found = self.object("kinds")
        for name, kind in found.items():
            if not isinstance(kind, str) or kind not in KINDS:
                rule = f"the kind of {shortened(name, 100)} must be one of {', '.join(KINDS)}."
                self.fail("kinds", rule, repr(kind))
        return found

    def check_kinds(self, kinds: Mapping[str, str], values: Mapping[int, tuple[str, ...]]) -> None:
        """Checks that exactly the recorded tensors have a kind, and are recorded once a step."""
        for step, names in values.items():
            if len(set(names)) < len(names):
                rule = f"a tensor of step {step} must be either fed or drawn."
                self.fail("recording", rule, "one that is both")
        recorded = {name for names in values.values() for name in names}
        for name in sorted(recorded ^ kinds.keys()):
            rule = "must have the tensors that were fed or drawn, and no others."
            self.fail("kinds", rule, f"{name!r} {'without' if name in recorded else 'with'} a kind")

    def check_variables(self, variables: list[str]) -> None:
        """Checks that there are variables, and their names."""
        if not variables:
            rule = "a recording must have the value of each variable before the first step."
            self.fail("initial", rule, "no array 'initial/VARIABLE'")
        for name in variables:
            if not _OPERATION.fullmatch(name):
                self.fail(f"initial/{name}", "must have the name of a variable.", repr(name))

    def expected(
        self,
        described: Mapping[str, Any],
        values: Mapping[int, tuple[str, ...]],
        kept: tuple[int, ...],
        variables: list[str],
    ) -> set[str]:
        """Returns the names of the arrays that the recording must have."""
        return {
            *_TEXTS,
            "graph",
            *(["losses"] if described["loss"] is not None else []),
            *(f"initial/{name}" for name in variables),
            *(f"variables/{step}/{name}" for step in kept for name in variables),
            *(f"values/{step}/{name}" for step, names in values.items() for name in names),
        }

    def check_names(self, expected: set[str]) -> None:
        """Refuses missing and unknown arrays."""
        found = set(self.arrays)
        for name in sorted(expected - found):
            self.fail(name, "this array must not be missing.", "a recording without it")
        for name in sorted(found - expected):
            rule = "this array is one too many: the recording names no such array."
            self.fail(name, rule, f"{len(name)} characters as its name")

    def check_sizes(self, names: set[str]) -> None:
        """Checks what all arrays take in memory together; texts become objects there."""
        unpacked = memory = 0
        for name in names:
            shape, dtype = self.arrays.head(name)
            entries = math.prod(shape)
            unpacked += entries * dtype.itemsize
            memory += entries * (dtype.itemsize + (64 if dtype.kind == "S" else 0))
        if memory > LARGEST:
            self.fail("all arrays", f"may take at most {LARGEST} bytes.", f"{memory} bytes")
        packed = self.arrays.packed
        if unpacked > max(SMALL, UNPACKED * packed):
            self.fail(
                "all arrays",
                f"may unpack to at most {SMALL} bytes, or {UNPACKED} times the file.",
                f"{unpacked} bytes from a file of {packed} bytes",
            )

    def check_heads(
        self,
        described: Mapping[str, Any],
        values: Mapping[int, tuple[str, ...]],
        kept: tuple[int, ...],
        variables: list[str],
    ) -> None:
        """Checks the shapes and the dtypes of all arrays but the texts."""
        shape, dtype = self.arrays.head("graph")
        if dtype != np.uint8 or len(shape) != 1 or not shape[0]:
            rule = "must be the bytes of a MetaGraphDef: uint8 (n,)."
            self.fail("graph", rule, f"{dtype} {shape}")
        if described["loss"] is not None:
            shape, dtype = self.arrays.head("losses")
            if dtype.kind != "f" or shape != (described["steps"],):
                rule = f"must be one floating-point number for each of {described['steps']} steps."
                self.fail("losses", rule, f"{dtype} {shape}")
        for name in variables:
            first = self.check_dtype(f"initial/{name}")
            for step in kept:
                if (found := self.check_dtype(f"variables/{step}/{name}")) != first:
                    rule = f"must have the shape and the dtype of initial/{shortened(name, 100)}."
                    self.fail(f"variables/{step}/{name}", rule, f"{found[1]} {found[0]}")
        dtypes: dict[str, np.dtype[Any]] = {}
        for step, names in values.items():
            for name in names:
                _, dtype = self.check_dtype(f"values/{step}/{name}")
                first_dtype = dtypes.setdefault(name, dtype)
                if first_dtype != dtype and {first_dtype.kind, dtype.kind} != {"S"}:
                    rule = f"must have the dtype of the first step, {first_dtype}."
                    self.fail(f"values/{step}/{name}", rule, dtype)

    def check_dtype(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Returns the shape and the dtype of an array of numbers or texts."""
        shape, dtype = self.arrays.head(name)
        if dtype.kind not in _NUMBERS + "S" or not dtype.isnative:
            rule = "the dtype must be one of numbers, truth values or bytes."
            self.fail(name, rule, dtype)
        return shape, dtype

    def take(self, name: str) -> NDArray[Any]:
        """Reads an array whose head was checked, and checks its entries."""
        found = self.arrays.read(name)
        if found.dtype.kind == "S":
            return self.texts(name, found)
        if found.dtype.kind in "fc" and not (finite := np.isfinite(found)).all():
            received = "NaN" if np.isnan(found).any() else "infinity"
            rule = "every number must be finite."
            received += f" in {found.size - finite.sum()} of {found.size}"
            self.fail(name, rule, received, OVERFLOW)
        return found

    def texts(self, name: str, found: NDArray[Any]) -> NDArray[Any]:
        """Returns the texts of an array without the byte that ends each."""
        texts = np.empty(found.shape, object)
        for index, text in np.ndenumerate(found):
            if not text.endswith(END):
                self.fail(name, f"every text must end with the byte {END!r}.", repr(text[-20:]))
            texts[index] = bytes(text[:-1])
        return texts

    def text(self, field: str) -> str:
        """Returns the text that an array holds."""
        if field not in self.arrays:
            self.fail(field, "this array must not be missing.", "a recording without it")
        shape, dtype = self.arrays.head(field)
        if math.prod(shape) != 1 or dtype.kind != "S" or dtype.itemsize > TEXT:
            rule = f"must be one text of at most {TEXT} bytes."
            self.fail(field, rule, f"dtype={dtype}, shape={shape}")
        if dtype.itemsize > max(SMALL, UNPACKED * self.arrays.packed):
            self.fail(field, "unpacks to too much for the file.", f"{dtype.itemsize} bytes")
        return str(self.arrays.read(field).item().decode(errors="replace"))

    def object(self, field: str) -> dict[str, Any]:
        """Returns a JSON object that an array holds as text."""
        try:
            value = strict_json.parse(self.text(field))
        except (ValueError, RecursionError) as error:
            if isinstance(error, RecordingError | FileError):
                raise
            self.fail(field, "must be JSON.", error)
        if not isinstance(value, dict):
            self.fail(field, "must be a JSON object.", repr(value))
        return value

    def objects(self, described: Mapping[str, Any], key: str, keys: set[str]) -> list[Any]:
        """Returns a list of JSON objects; `keys` are those that each must have."""
        found = described[key]
        if not isinstance(found, list) or not all(
            isinstance(each, dict) and keys <= each.keys() for each in found
        ):
            rule = f"{key} must be a list of objects with {', '.join(sorted(keys))}."
            self.fail("recording", rule, repr(found))
        return found

    def between(self, described: Mapping[str, Any]) -> tuple[Run, ...]:
        """Returns the runs between the steps."""
        found = []
        for each in self.objects(described, "between", {"after", "operations", "fed", "times"}):
            if not self.is_whole(each["after"], 1, described["steps"]):
                self.fail("recording", "between: after must be a step.", repr(each["after"]))
            if not self.is_whole(each["times"], 1):
                self.fail("recording", "between: times must be 1 or more.", repr(each["times"]))
            operations = self.names("between: operations", each["operations"], _OPERATION)
            fed = self.names("between: fed", each["fed"], _TENSOR)
            found.append(Run(each["after"], operations, fed, each["times"]))
        return tuple(found)

    def unrecorded(self, described: Mapping[str, Any]) -> tuple[Unrecorded, ...]:
        """Returns what could not be recorded."""
        found = []
        for each in self.objects(described, "unrecorded", {"name", "kind", "reason"}):
            if not all(isinstance(each[key], str) for key in ("name", "kind", "reason")):
                self.fail("recording", "unrecorded: name, kind and reason must be texts.", each)
            seeds = each.get("seeds")
            if seeds is not None and not (
                isinstance(seeds, list) and [type(seed) for seed in seeds] == [int, int]
            ):
                self.fail("recording", "unrecorded: seeds must be two whole numbers.", each)
            pair = None if seeds is None else (seeds[0], seeds[1])
            found.append(Unrecorded(each["name"], each["kind"], each["reason"], pair))
        return tuple(found)

    def provenance(self, described: Mapping[str, Any]) -> dict[str, str]:
        """Returns the versions that recorded."""
        found = described["provenance"]
        if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
            self.fail("recording", "provenance must be an object of texts.", repr(found))
        return found
