"""Finds the loss of Keras that gives the numbers of a graph's loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes.convert.program.expressions import Made
from tf_recipes.convert.training.loss_graph import CLOSE, LossGraph, Trial
from tf_recipes.convert.training.numbers_of_graph import measured

Array = NDArray[Any]
_CLASSES, _SAME = "numbers of classes", "the shape of the outputs"


@dataclasses.dataclass(frozen=True)
class KnownLoss:
    """Describes a loss class of Keras.

    Attributes:
        name: the class in `keras.losses`.
        keywords: the arguments.
        labels: the kind of labels that the loss takes.
        usual: True for a loss that is the graph's for labels that are 0 or 1 alone.
    """

    name: str
    keywords: tuple[tuple[str, Any], ...] = ()
    labels: str = _SAME
    usual: bool = False

    def value(self, labels: Array, outputs: Array, weight: Array | None = None) -> float:
        """Returns the loss that Keras computes."""
        made = getattr(keras.losses, self.name)(dtype=outputs.dtype.name, **dict(self.keywords))
        found = made(labels, outputs, sample_weight=weight)
        return float(np.asarray(keras.ops.convert_to_numpy(found)))

    @property
    def expression(self) -> Made:
        """Returns the loss as an expression."""
        return Made(f"keras.losses.{self.name}", (), self.keywords)


@dataclasses.dataclass(frozen=True)
class Found:
    """Holds a loss that gives the graph's numbers, times a factor."""

    known: KnownLoss
    factor: float


def single(trials: Sequence[Trial], graph: LossGraph) -> Found | None:
    """Returns the loss for a graph with one output and one label, or None.

    Args:
        trials: outputs and labels with the loss of the graph.
        graph: the `LossGraph`.
    """
    label = graph.labels[0]
    for known in _candidates(graph, label, 0):
        factor = _factor(
            (trial.loss, known.value(trial.labels[0], trial.outputs[0]))
            for trial in trials
            if trial.usual or not known.usual
        )
        if factor is not None:
            return Found(known, factor)
    return None


def weighted(trials: Sequence[Trial], graph: LossGraph) -> tuple[Found, str, str] | None:
    """Returns the loss for one output, a label and weights of the rows; None if there is none.

    Returns:
        The loss, the label's tensor and that of the weights.
    """
    for place, label in enumerate(graph.labels):
        other = 1 - place
        if np.dtype(graph.dtype(graph.labels[other])).kind != "f":
            continue
        for known in _candidates(graph, label, 0, weights=True):
            factor = _factor(
                (t.loss, known.value(t.labels[place], t.outputs[0], t.labels[other].reshape(-1)))
                for t in trials
                if (t.usual or not known.usual) and t.labels[other].size == len(t.outputs[0])
            )
            if factor is not None:
                return Found(known, factor), label, graph.labels[other]
    return None


def several(
    graph: LossGraph, pairs: Mapping[str, str], trials: Sequence[Trial]
) -> list[Found] | None:
    """Returns the loss of each output, where the graph adds losses of single outputs.

    Args:
        graph: the `LossGraph`.
        pairs: `{output: its label}`.
        trials: outputs and labels with the loss of the graph.
    """
    found = []
    for k, output in enumerate(graph.outputs):
        label = pairs.get(output)
        if label is None:
            return None
        place = graph.labels.index(label)
        one = _part(graph, k, place, trials)
        if one is None:
            return None
        found.append(one)
    for trial in trials:
        total = sum(
            each.factor
            * each.known.value(trial.labels[graph.labels.index(pairs[output])], trial.outputs[k])
            for k, (output, each) in enumerate(zip(graph.outputs, found, strict=True))
        )
        usual = trial.usual or not any(each.known.usual for each in found)
        if usual and abs(total - trial.loss) > CLOSE * abs(trial.loss):
            return None
    return found


def _part(graph: LossGraph, k: int, place: int, trials: Sequence[Trial]) -> Found | None:
    """Returns the loss of one output: what the graph's loss changes by with it and its label."""
    changed = []
    bases: dict[int, Trial] = {}
    for trial in trials:
        base = bases.setdefault(len(trial.outputs[0]), trial)
        if base is trial:
            continue
        outputs, labels = list(base.outputs), list(base.labels)
        outputs[k], labels[place] = trial.outputs[k], trial.labels[place]
        changed.append((base, outputs[k], labels[place], graph.value(outputs, labels), trial.usual))
    size = max(abs(trial.loss) for trial in trials)
    for known in _candidates(graph, graph.labels[place], k):
        factor = _factor(
            (
                (
                    value - base.loss,
                    known.value(label, output) - known.value(base.labels[place], base.outputs[k]),
                )
                for base, output, label, value, usual in changed
                if usual or not known.usual
            ),
            size,
        )
        if factor is not None:
            return Found(known, factor)
    return None


def _factor(compared: Iterable[tuple[float, float]], size: float = 0.0) -> float | None:
    """Returns the factor between two losses, where it is the same in all trials.

    Args:
        compared: the graph's loss and that of Keras in each trial; no more than is needed is
            computed.
        size: the size of the loss of which the numbers are differences.
    """
    finite: list[tuple[float, float]] = []
    for one, other in compared:
        if np.isfinite(one) != np.isfinite(other):
            return None
        if not np.isfinite(one):
            continue
        finite.append((one, other))
        first = finite[0]
        if len(finite) > 1 and first[1] != 0:  # far from one factor: another loss
            far = abs(one - first[0] / first[1] * other) > 1e-2 * max(abs(one), size)
            if far:
                return None
    if len(finite) < 2:
        return None
    graph, ours = max(finite, key=lambda each: abs(each[1]))
    if ours == 0:
        return None
    factor = measured(graph / ours, near=CLOSE)
    short = float(f"{factor:.4g}")
    factor = short if abs(short - factor) <= CLOSE * abs(factor) else factor
    for one, other in finite:
        if abs(one - factor * other) > CLOSE * max(abs(one), size, 1e-6):
            return None
    return factor


def _candidates(
    graph: LossGraph, label: str, output: int, weights: bool = False
) -> Iterator[KnownLoss]:
    """Yields the losses that the shapes of outputs and labels allow; means before sums."""
    kinds = list(_kinds(graph, label, output))
    reductions = ["sum_over_batch_size", "sum"]
    if weights:
        reductions.append("mean_with_sample_weight")
    for reduction in reductions:
        for known in kinds:
            if reduction == "sum_over_batch_size":
                yield known
            else:
                keywords = (*known.keywords, ("reduction", reduction))
                yield dataclasses.replace(known, keywords=keywords)


def _kinds(graph: LossGraph, label: str, output: int) -> Iterator[KnownLoss]:
    shape = graph.shape(graph.outputs[output])
    labels, dtype = graph.shape(label), np.dtype(graph.dtype(label))
    if shape is None:
        return
    logits = (("from_logits", True),)
    classes = shape[-1] if len(shape) > 1 else None
    fewer = labels is None or len(labels) == len(shape) - 1 or labels[-1:] == (1,)
    counted = graph.counts_classes(label)
    if (dtype.kind in "iu" or counted) and classes != 1 and (fewer or counted):
        yield KnownLoss("SparseCategoricalCrossentropy", logits, _CLASSES)
    shares = [n for n in graph.constants if 0.001 < n < 0.5][:4]
    if counted:
        return
    if labels is not None and len(labels) == len(shape) > 1 and labels[-1] == classes != 1:
        yield KnownLoss("CategoricalCrossentropy", logits)
        for share in shares:
            yield KnownLoss("CategoricalCrossentropy", (*logits, ("label_smoothing", share)))
    if not _comparable(shape, labels):
        return
    yield KnownLoss("BinaryCrossentropy", logits)
    for share in shares:
        yield KnownLoss("BinaryCrossentropy", (*logits, ("label_smoothing", share)))
    for name in ("MeanSquaredError", "MeanAbsoluteError"):
        yield KnownLoss(name)
    for delta in (1.0, *_deltas(graph)):
        keywords = (("delta", delta),) if delta != 1.0 else ()
        yield KnownLoss("Huber", keywords)
    yield KnownLoss("Hinge", usual=True)
    yield KnownLoss("SquaredHinge", usual=True)


def _comparable(outputs: tuple[int | None, ...], labels: tuple[int | None, ...] | None) -> bool:
    """Returns whether Keras compares labels with outputs entry by entry."""
    if labels is None or len(labels) == len(outputs):
        return labels is None or labels[1:] == outputs[1:]
    longer = max(outputs, labels, key=len)
    return abs(len(outputs) - len(labels)) == 1 and longer[-1] == 1


def _deltas(graph: LossGraph) -> list[float]:
    """Returns the constants of the graph that can be the bound of a Huber loss."""
    return [n for n in graph.constants if n not in (0.0, 0.5, 1.0, 2.0) and 0 < n < 100][:4]
