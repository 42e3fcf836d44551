"""Looks values up in several places, without a copy of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from numpy.typing import NDArray


class JoinedValues(Mapping[str, NDArray[Any]]):
    """Gives each value of the first place that has it.

    Args:
        names: the names, in order.
        *places: `{name: value}`; values may be read where they are asked for.
    """

    def __init__(self, names: Iterable[str], *places: Mapping[str, NDArray[Any]]) -> None:
        self._names, self._places = tuple(names), places

    def __getitem__(self, name: str) -> NDArray[Any]:
        for each in self._places:
            if name in each:
                return each[name]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(name in each for each in self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
