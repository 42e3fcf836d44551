"""Holds the steps of a Keras program, each once."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes.convert.program.expressions import Layer, Made, Named, Origin, Step, Tensor


@dataclasses.dataclass(frozen=True)
class Joined:
    """Says of which TF1 variables a variable consists that TF1 keeps in parts, along an axis.

    `by_turns` says that entry k is in part k modulo the number of parts, not in blocks.
    """

    parts: tuple[str, ...]
    axis: int
    by_turns: bool = False

    def value(self, values: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """Returns the value of the whole.

        Args:
            values: `{part: value}`.
        """
        found = [values[name] for name in self.parts]
        whole = np.concatenate(found, self.axis)
        if not self.by_turns:
            return whole
        places = [range(k, whole.shape[self.axis], len(found)) for k in range(len(found))]
        return np.take(whole, np.argsort(np.concatenate(places)), self.axis)


class KerasProgram:
    """Collects steps; a step that was added before is found again, and not added twice."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.constants: list[NDArray[Any]] = []
        self.joined: dict[str, Joined] = {}  # what stands for a variable that TF1 keeps in parts
        self._known: dict[Any, Step] = {}

    def add(
        self,
        callee: Layer | str,
        arguments: Sequence[Any],
        keywords: dict[str, Any],
        shapes: Sequence[tuple[int | None, ...] | None],
        dtypes: Sequence[str],
        nodes: Iterable[str],
        scope: str,
        sequence: bool = False,
    ) -> Step:
        """Adds a step, or returns the equal one that is there."""
        step = Step(
            callee,
            tuple(arguments),
            tuple(keywords.items()),
            tuple(shapes),
            tuple(dtypes),
            tuple(nodes),
            scope,
            sequence,
        )
        key = identity((callee, step.arguments, step.keywords, step.dtypes))
        if key not in self._known:
            self._known[key] = step
            self.steps.append(step)
        return self._known[key]

    def constant(self, value: NDArray[Any]) -> Origin:
        """Keeps an array that is too large for the code; returns the origin of its value."""
        for place, known in enumerate(self.constants):
            if known.dtype == value.dtype and np.array_equal(known, value):
                return Origin(constant=place)
        self.constants.append(value)
        return Origin(constant=len(self.constants) - 1)

    def live(self, outputs: Iterable[Tensor]) -> list[Step]:
        """Returns the steps that some tensors need, in an order in which each can be computed."""
        needed: set[int] = set()
        waiting = [tensor.step for tensor in outputs]
        while waiting:
            step = waiting.pop()
            if id(step) not in needed:
                needed.add(id(step))
                waiting += [tensor.step for tensor in step.tensors()]
        return [step for step in self.steps if id(step) in needed]


def shared_variables(steps: Iterable[Step]) -> set[str]:
    """Returns the TF1 variables that several different layers of some steps would own."""
    layers = {identity(step.layer): step.layer for step in steps if step.layer is not None}
    owners = Counter(name for layer in layers.values() for name in set(layer.variables))
    return {name for name, count in owners.items() if count > 1}


def identity(value: Any) -> Any:
    """Returns what is equal for equal steps, and can be a key of a dict."""
    match value:
        case Tensor():
            return ("tensor", id(value.step), value.index)
        case Layer() | Made():
            parts = (identity(getattr(value, each.name)) for each in dataclasses.fields(value))
            return (type(value).__name__, *parts)
        case Named() | Origin():
            return value
        case list() | tuple():
            return (type(value).__name__, *(identity(each) for each in value))
        case dict():
            return ("dict", *((key, identity(each)) for key, each in value.items()))
        case np.ndarray():
            return ("array", value.dtype.str, value.shape, value.tobytes())
    return (type(value).__name__, repr(value))
