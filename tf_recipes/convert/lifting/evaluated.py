"""Tells which tensors of a Keras program are equal in evaluation, where dropout does nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tf_recipes.convert.lifting.values import Value
from tf_recipes.convert.program.expressions import Step, Tensor
from tf_recipes.convert.program.keras_program import identity


class Evaluated:
    """Gives each tensor a key that is equal for tensors of equal value in evaluation.

    Args:
        dropouts: the classes of layers that pass their input on in evaluation.
    """

    def __init__(self, dropouts: Collection[str]) -> None:
        self._dropouts = dropouts
        self._keys: dict[int, Any] = {}  # by the identity of a step
        self._numbers: dict[Any, int] = {}

    def of(self, value: Value) -> Any:
        """Returns the key of a value."""
        if not isinstance(value, Tensor):
            return identity(value)
        known = self._keys
        waiting = [value.step]
        while waiting:
            step = waiting[-1]
            open_ones = [t.step for t in step.tensors() if id(t.step) not in known]
            if id(step) in known or not open_ones:
                waiting.pop()
                known.setdefault(id(step), self._key(step))
            else:
                waiting += open_ones
        return known[id(value.step)], value.index

    def _key(self, step: Step) -> int:
        def inside(value: Any) -> Any:
            if isinstance(value, Tensor):
                return self._keys[id(value.step)], value.index
            if isinstance(value, list | tuple):
                return tuple(inside(each) for each in value)
            return identity(value)

        layer = step.layer
        in_both = dict(step.keywords).get("training") is True
        if layer is not None and layer.path in self._dropouts and not in_both:
            number: int = self._keys[id(step.arguments[0].step)]
            return number
        keywords = tuple((k, inside(v)) for k, v in step.keywords if k != "training")
        key = identity(step.callee), inside(step.arguments), keywords
        return self._numbers.setdefault(key, len(self._numbers))  # a short name for a long key
