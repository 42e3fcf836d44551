"""Finds the schedule that a TF1 graph has, by its operations, its constants and its rates."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.update_ops import Update

MOST = 12  # constants of a schedule's graph; more would be another kind of graph
CLOSE = 1e-5  # the largest relative difference between two rates that are one

Array = NDArray[Any]
_KERAS = "keras.optimizers.schedules"


@dataclasses.dataclass(frozen=True)
class ScheduleCall:
    """Describes the call that makes a schedule: a path, and its arguments by position and name."""

    path: str
    arguments: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...] = ()

    @property
    def text(self) -> str:
        """Returns the call as source code."""
        given = [_text(each) for each in self.arguments]
        given += [f"{name}={_text(value)}" for name, value in self.keywords]
        return f"{self.path}({', '.join(given)})"


def written(structure: Structure, update: Update, rates: Sequence[float], taken: int) -> str | None:
    """Returns a Keras schedule as code, or None where the graph has none that is known.

    Args:
        structure: the `Structure` of the graph.
        update: an update operation.
        rates: the learning rate of each step.
        taken: the steps that were taken before.
    """
    steps = taken + np.arange(len(rates), dtype="f8")
    call = find(structure, update.tensors["rate"], steps, np.asarray(rates, "f8"))
    return None if call is None else call.text


def find(
    structure: Structure, rate: str, steps: Array, rates: Array, more: Iterable[float] = ()
) -> ScheduleCall | None:
    """Finds a Keras schedule with the rates that the graph has at some steps.

    The operations of the graph say which kind of schedule it can be. Which constant has which role
    is told by the rates: the choice of roles must give all of them.

    Args:
        structure: the `Structure` of the graph.
        rate: the tensor of the learning rate.
        steps: numbers of steps, the first step being 0.
        rates: the learning rate at each.
        more: numbers that the rate is computed with and that are no constants of the graph.

    Returns:
        None where no known schedule has these rates.
    """
    above = structure.ancestors([node_of(rate)], control=False)
    numbers = sorted({*constants(structure, above), *more})
    if len(numbers) > MOST:
        return None
    ops = {structure.nodes[name].op for name in above}
    with np.errstate(all="ignore"):
        return next(_possible(ops, numbers, steps, rates), None)


def constants(structure: Structure, names: Iterable[str]) -> list[float]:
    """Returns the numbers that some nodes hold, each once, in order."""
    found = {
        float(str(np.float32(value)))
        for name in names
        if (value := structure.constant(name)) is not None
        and value.ndim == 0
        and value.dtype.kind in "fiu"
    }
    return sorted(found)


def _possible(
    ops: set[str], numbers: Sequence[float], steps: Array, rates: Array
) -> Iterator[ScheduleCall]:
    if "Cos" in ops:
        yield from _cosine(numbers, steps, rates)
        yield from _restarts(numbers, steps, rates)
    if "Pow" in ops:
        yield from _exponential(ops, numbers, steps, rates)
        yield from _polynomial(numbers, steps, rates)
    if "Exp" in ops:
        yield from _natural_exponential(ops, numbers, steps, rates)
    if ops & {"LessEqual", "Less", "Greater", "GreaterEqual"}:
        yield from _piecewise(numbers, steps, rates)
    if "RealDiv" in ops:
        yield from _inverse_time(ops, numbers, steps, rates)


def _shares(ops: set[str], steps: Array, every: float) -> tuple[Array, tuple[tuple[str, Any], ...]]:
    """Returns the steps in units of `every`, and the argument for whole numbers of units."""
    if "Floor" in ops:
        return np.floor(steps / every), (("staircase", True),)
    return steps / every, ()


def _exponential(
    ops: set[str], numbers: Sequence[float], steps: Array, wanted: Array
) -> Iterator[ScheduleCall]:
    for first, every, rate in itertools.product(numbers, repeat=3):
        if every < 1 or rate <= 0:
            continue
        share, staircase = _shares(ops, steps, every)
        if _same(first * rate**share, wanted):
            named = (("decay_steps", _whole(every)), ("decay_rate", rate), *staircase)
            yield ScheduleCall("tf_recipes.exponential_decay", (first,), named)


def _natural_exponential(
    ops: set[str], numbers: Sequence[float], steps: Array, wanted: Array
) -> Iterator[ScheduleCall]:
    for first, every, rate in itertools.product(numbers, repeat=3):
        if every < 1:
            continue
        share, staircase = _shares(ops, steps, every)
        if _same(first * np.exp(-rate * share), wanted):
            named = (("decay_steps", _whole(every)), ("decay_rate", math.exp(-rate)), *staircase)
            yield ScheduleCall("tf_recipes.exponential_decay", (first,), named)


def _inverse_time(
    ops: set[str], numbers: Sequence[float], steps: Array, wanted: Array
) -> Iterator[ScheduleCall]:
    for first, every, rate in itertools.product(numbers, repeat=3):
        if every < 1 or rate < 0:
            continue
        share, staircase = _shares(ops, steps, every)
        if _same(first / (1 + rate * share), wanted):
            named = (("decay_steps", _whole(every)), ("decay_rate", rate), *staircase)
            yield ScheduleCall(f"{_KERAS}.InverseTimeDecay", (first,), named)


def _polynomial(numbers: Sequence[float], steps: Array, wanted: Array) -> Iterator[ScheduleCall]:
    for first, last, every in itertools.product(numbers, repeat=3):
        if every < 1:
            continue
        once = 1 - np.minimum(steps, every) / every
        again = 1 - steps / (every * np.maximum(np.ceil(steps / every), 1))
        for power, cycle in itertools.product((1.0, *numbers), (False, True)):
            share = again if cycle else once
            if _same((first - last) * share**power + last, wanted):
                named = (
                    ("decay_steps", _whole(every)),
                    ("end_learning_rate", last),
                    ("power", power),
                    *((("cycle", True),) if cycle else ()),
                )
                yield ScheduleCall(f"{_KERAS}.PolynomialDecay", (first,), named)


def _cosine(numbers: Sequence[float], steps: Array, wanted: Array) -> Iterator[ScheduleCall]:
    for first, every in itertools.product(numbers, repeat=2):
        if every < 1:
            continue
        share = (1 + np.cos(np.pi * np.minimum(steps, every) / every)) / 2
        for alpha in (0.0, *numbers):
            if _same(first * ((1 - alpha) * share + alpha), wanted):
                named = (("decay_steps", _whole(every)), *((("alpha", alpha),) if alpha else ()))
                yield ScheduleCall(f"{_KERAS}.CosineDecay", (first,), named)


def _restarts(numbers: Sequence[float], steps: Array, wanted: Array) -> Iterator[ScheduleCall]:
    """Yields cosines that begin again, each time with another length and height."""
    if not (steps == 0).any():
        return
    first = next((n for n in numbers if _close(n, wanted[steps == 0][0])), None)
    factors = sorted({1.0, *(n for n in numbers if 0 < n < 100)})
    for every, alpha in itertools.product(numbers, (0.0, *(n for n in numbers if 0 < n < 1))):
        early = steps < every
        share = (1 + np.cos(np.pi * steps[early] / max(every, 1))) / 2
        if first is None or every < 2:
            continue
        if not _same(first * ((1 - alpha) * share + alpha), wanted[early]):
            continue
        for longer, lower in itertools.product(factors, repeat=2):
            share, height = _restarted(steps, every, longer, lower)
            if longer >= 1 and _same(first * ((1 - alpha) * share * height + alpha), wanted):
                named = (
                    ("first_decay_steps", _whole(every)),
                    ("t_mul", longer),
                    ("m_mul", lower),
                    *((("alpha", alpha),) if alpha else ()),
                )
                yield ScheduleCall(f"{_KERAS}.CosineDecayRestarts", (first,), named)


def _restarted(steps: Array, every: float, longer: float, lower: float) -> tuple[Array, Array]:
    """Returns the share that is left of a cosine, and the height of the cosine, in float32."""
    done = (steps / every).astype("f4")
    if longer == 1:
        count = np.floor(done)
        done = done - count
    else:
        ratio = np.float32(longer)
        count = np.floor(np.log(1 - done * (1 - ratio)) / np.log(ratio))
        done = (done - (1 - ratio**count) / (1 - ratio)) / ratio**count
    return (1 + np.cos(np.pi * done.astype("f8"))) / 2, np.float32(lower) ** count.astype("f8")


def _piecewise(numbers: Sequence[float], steps: Array, wanted: Array) -> Iterator[ScheduleCall]:
    """Yields steps of a stair whose edges and heights are constants of the graph."""
    order = np.argsort(steps, kind="stable")
    steps, wanted = steps[order], wanted[order]
    heights = [next((n for n in numbers if _close(n, rate)), None) for rate in wanted]
    if None in heights or not len(heights):
        return
    edges: list[float] = []
    values: list[Any] = [heights[0]]
    for k in range(1, len(steps)):
        if heights[k] != values[-1]:
            # the last step with the old rate; TF1 and Keras compare with `step <= boundary`
            between = [n for n in numbers if steps[k - 1] <= n < steps[k]]
            if len(between) != 1:
                return
            edges.append(between[0])
            values.append(heights[k])
    if edges:
        places = [_whole(each) for each in edges]
        yield ScheduleCall(f"{_KERAS}.PiecewiseConstantDecay", (places, values))


def _whole(number: float) -> float:
    """Returns a number of steps, an int where it is one."""
    return int(number) if number == int(number) else number


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= CLOSE * abs(other)


def _same(rates: Array, wanted: Array) -> bool:
    # far away a rate is lost in the rounding of its exponent
    least = np.abs(wanted).max(initial=0) * 1e-9
    return bool(np.all(np.abs(rates - wanted) <= CLOSE * np.abs(wanted) + least))


def _text(value: Any) -> str:
    """Returns a number as code, short where this loses nothing."""
    if isinstance(value, list):
        return f"[{', '.join(_text(each) for each in value)}]"
    if isinstance(value, bool) or not isinstance(value, float):
        return repr(value)
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)
