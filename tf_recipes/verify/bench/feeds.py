"""Turns the arrays of a file and single values into the feeds of each training step."""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.graph.graph_session import GraphSession
from tf_recipes.graph.nodes import full, node_of
from tf_recipes.parity import trace_file

LARGEST = 4 * 2**30  # bytes in memory of all arrays of a file
EVALUATED = 256  # rows of the pool on which predictions are compared, at most


@dataclasses.dataclass(frozen=True)
class Feeds:
    """Holds what is fed: rows of a pool for each step, and values that stay.

    `pool` is `{tensor: array (rows, …)}`, `training` and `evaluation` are `{tensor: value}`,
    `rows` the rows of each step, `evaluated` those on which predictions are compared.
    """

    pool: Mapping[str, NDArray[Any]]
    training: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    rows: Sequence[NDArray[np.integer]]
    evaluated: NDArray[np.integer]

    def step(self, number: int) -> dict[str, Any]:
        """Returns the feeds of a training step, which are counted from 0."""
        return {**{n: a[self.rows[number]] for n, a in self.pool.items()}, **self.training}

    def evaluate(self) -> dict[str, Any]:
        """Returns the feeds of the evaluation."""
        return {**{n: a[self.evaluated] for n, a in self.pool.items()}, **self.evaluation}

    def in_evaluation(self, values: Mapping[str, Any]) -> Self:
        """Returns feeds that also give some tensors a value in evaluation."""
        made = copy.copy(self)
        object.__setattr__(made, "evaluation", {**self.evaluation, **values})
        return made


class FeedsError(ValueError):
    """Says that arrays or values do not fit the graph that they are fed to."""


def read(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Reads the arrays of an `.npz` file; none before its size is known.

    Raises:
        ValueError: if the file is damaged, too large, or holds other things than numbers.
    """
    remedy = "Write it with numpy.savez('batches.npz', **{placeholder: array})."
    try:
        with trace_file.opened(path) as file:
            heads = {name: file.head(name) for name in file}
            size = sum(int(np.prod(s, dtype=object)) * d.itemsize for s, d in heads.values())
            if size > LARGEST or size > trace_file.SMALL + trace_file.UNPACKED * file.packed:
                raise trace_file.FileError(f"unpacks to {size} bytes")
            for name, (_, dtype) in heads.items():
                if dtype.kind not in "fiub":
                    raise trace_file.FileError(f"an array of dtype {dtype}", name)
            found = {name: file.read(name) for name in heads}
    except trace_file.FileError as error:
        where = f", {shortened(error.field, 60)!r}" if error.field else ""
        return validation.fail(
            "The feeds must be an .npz file of arrays of numbers.",
            f"{os.fspath(path)!r}{where}: {shortened(str(error), 100)}",
            remedy,
        )
    if not found:
        validation.fail("The feeds must hold an array.", f"{os.fspath(path)!r} without", remedy)
    return found


def make(
    session: GraphSession,
    arrays: Mapping[str, Any],
    training: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    steps: int,
    batch_size: int,
    seed: int,
) -> Feeds:
    """Checks arrays and values against the placeholders of a graph, and draws the rows.

    Args:
        session: a `GraphSession`.
        arrays: `{placeholder or other tensor: array}`; the first axis has the rows of the pool. A
            scalar is a value for training and evaluation.
        training: `{placeholder: value}` in training, such as `{"keep_prob": 0.5}`.
        evaluation: the same in evaluation.
        steps: number of training steps.
        batch_size: rows of a batch.
        seed: the seed of the order of the rows.

    Raises:
        ValueError: if a tensor is not in the graph, a shape or a dtype does not fit, a placeholder
            is left without a value, or an array holds what is not finite.
    """
    structure = session.structure
    pool, values = {}, {}
    for name, given in arrays.items():
        tensor = _tensor(session, name)
        array = _fitting(session, tensor, np.asarray(given))
        if array.ndim == 0 or session.shape_of(tensor) == ():
            values[tensor] = array
        else:
            pool[tensor] = array
    training = {_tensor(session, n): _value(session, n, v) for n, v in training.items()}
    evaluation = {_tensor(session, n): _value(session, n, v) for n, v in evaluation.items()}
    pool = {n: a for n, a in pool.items() if n not in training}
    fed = {*pool, *values, *training}
    missing = [
        name
        for name in structure.placeholders
        if f"{name}:0" not in fed and not structure.has_default(name)
    ]
    missing += [name for name in structure.sources if name not in fed]
    if missing:
        validation.fail(
            "Every placeholder that a training step needs must get a value.",
            f"none for {', '.join(repr(shortened(name, 60)) for name in missing[:6])}",
            "Add arrays of these names to the feeds, or set single values, such as "
            f"feed={{{missing[0]!r}: VALUE}}.",
        )
    if not pool:
        _refuse(
            "The feeds must hold an array with the rows of the batches.",
            ", ".join(sorted(fed)) or "none",
            "Pass arrays named after the placeholders of inputs and labels.",
        )
    lengths = {name: len(array) for name, array in pool.items()}
    if len(set(lengths.values())) != 1:
        _refuse(
            "The arrays of the feeds must have the same number of rows.",
            ", ".join(f"{shortened(n, 60)} {k}" for n, k in lengths.items()),
            "Cut the arrays, or set what has no rows with feed=.",
        )
    count = next(iter(lengths.values()))
    fixed = {shape[0] for n in pool if (shape := session.shape_of(n)) and shape[0] is not None}
    if len(fixed) == 1:
        batch_size = fixed.pop()
    batch_size = min(batch_size, count)
    if count < 1 or (fixed and count < batch_size):
        _refuse("The feeds must hold a batch.", f"{count} rows", "Pass more rows.")
    random = np.random.RandomState(seed)
    rows, left = [], np.zeros(0, np.int64)
    for _ in range(steps):
        if len(left) < batch_size:
            left = random.permutation(count)
        rows.append(np.sort(left[:batch_size]))
        left = left[batch_size:]
    evaluated = np.arange(batch_size if session_is_fixed(session, pool) else min(count, EVALUATED))
    return Feeds(pool, {**values, **training}, {**values, **evaluation}, rows, evaluated)


def without_noise(session: GraphSession, feeds: Feeds) -> Feeds:
    """Returns feeds with which the graph adds no normal noise in evaluation.

    Args:
        session: a `GraphSession`, whose variables have values.
        feeds: the feeds.
    """
    structure = session.structure
    names = [n for n in structure.normal_draws if node_of(n) not in structure.in_branches]
    if not names:
        return feeds
    drawn = session.run({name: name for name in names}, feeds.evaluate())
    zeros = {name: np.zeros_like(value) for name, value in drawn.items()}
    return feeds.in_evaluation(zeros)


def session_is_fixed(session: GraphSession, pool: Mapping[str, Any]) -> bool:
    """Returns whether a placeholder of the pool takes one number of rows only."""
    return any((shape := session.shape_of(n)) and shape[0] is not None for n in pool)


def _tensor(session: GraphSession, name: str) -> str:
    """Returns the full name of a tensor of the graph."""
    outputs = session.outputs_of(node_of(name))
    named = full(name)
    if named not in outputs:
        have = ", ".join(repr(shortened(each, 60)) for each in session.structure.placeholders[:8])
        _refuse(
            "A fed name must be a placeholder of the training step.",
            f"{shortened(name, 100)!r}",
            f"The step's placeholders are {have or 'none'}.",
        )
    return named


def _fitting(session: GraphSession, tensor: str, array: NDArray[Any]) -> NDArray[Any]:
    """Returns an array in the dtype of its tensor; checks shape and numbers."""
    named, shape = session.dtype_of(tensor), session.shape_of(tensor)
    if named == "string" or array.dtype.kind not in "fiub":
        _refuse(
            "The feeds must be numbers.",
            f"{shortened(tensor, 60)!r} of dtype {named}, an array of {array.dtype}",
            "Feed what the program computes from the texts or objects, by the tensor's name.",
        )
    wanted = np.dtype(named)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        _refuse(
            "The feeds must be finite numbers.",
            f"NaN or infinity in {shortened(tensor, 60)!r}",
            "Remove those rows.",
        )
    lossless = array.dtype.kind == "b" or wanted.kind != "b"
    with np.errstate(all="ignore"):
        given, array = array, array.astype(wanted)
    if wanted.kind in "iu":
        lossless = bool((array == given).all())
    elif wanted.kind == "f":
        lossless = bool(np.isfinite(array).all())
    rank = shape is None or array.ndim in (0, len(shape))
    if not rank or not lossless or (shape and array.ndim and _differs(array.shape[1:], shape[1:])):
        asked = "any" if shape is None else shape
        _refuse(
            "An array must have the shape and the dtype of its placeholder.",
            f"{shortened(tensor, 60)}: {given.dtype} {given.shape} for {wanted} {asked}",
            "Reshape or convert the array, so that its first axis has the rows.",
        )
    return array


def _value(session: GraphSession, name: str, value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        _refuse(
            "A fed value must be a number or true or false.",
            f"{shortened(name, 60)}={shortened(str(value), 60)}",
            "Pass for example feed={'keep_prob': 0.5, 'is_training': True}.",
        )
    return _fitting(session, _tensor(session, name), array)


def _differs(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return any(w is not None and n != w for n, w in zip(shape, wanted, strict=True))


def _refuse(rule: str, received: str, remedy: str) -> NoReturn:
    """Raises a `FeedsError` with the text of every check."""
    try:
        validation.fail(rule, received, remedy)
    except ValueError as error:
        text = str(error)
    raise FeedsError(text)
