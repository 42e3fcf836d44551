"""Lifts batch normalization: TF1's fused operations, and the arithmetic in all its forms."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.step_builder import PART
from tf_recipes.convert.lifting.values import Constant, Value
from tf_recipes.convert.patterns import _layout, _moving_average, _normalization, passing
from tf_recipes.convert.program.expressions import Origin, Transform
from tf_recipes.graph.nodes import node_of

FUSED = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
KERAS, RECIPES = "keras.layers.BatchNormalization", "tf_recipes.BatchNormalization"
# the defaults of both layers, which the code leaves out
DEFAULTS: dict[str, dict[str, Any]] = {
    KERAS: {"axis": -1, "momentum": 0.99, "epsilon": 1e-3, "center": True, "scale": True},
    RECIPES: {"axis": -1, "momentum": 0.999, "epsilon": 1e-3, "center": True, "scale": False},
}


@dataclasses.dataclass(frozen=True)
class Found:
    """Holds a batch normalization: the tensors of the graph, and what it was told.

    `batch` are the tensors of the batch's mean and variance, where the graph takes them; `moving`
    are the variables of the averages. `axis` is that of the channels. `flag` says that the flag of
    training chooses between the two.
    """

    x: str
    gamma: str | None
    beta: str | None
    epsilon: float
    axis: int
    fused: bool
    batch: tuple[str, str] | None
    moving: tuple[str, str] | None
    flag: bool = False


def fused(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the fused operation where no flag chooses what it does."""
    found = _fused(node.name, lifter)
    return None if found is None else normalized(node, lifter, found)


def arithmetic(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the arithmetic, also with statistics that a flag chooses."""
    found = _arithmetic(node, lifter)
    return None if found is None else normalized(node, lifter, found)


def by_flag(node: Any, lifter: Lifter) -> Value | None:
    """Lifts two normalizations, one for training and one for evaluation."""
    branches = passing.branches_of(node.name, lifter)
    if branches is None:
        return None
    both = []
    for each in branches:
        name = node_of(lifter.view.behind(each, _normalization.SWITCHES))
        inner = lifter.view.nodes[name]
        if inner.op in FUSED:
            both.append(_fused(name, lifter))
        else:
            both.append(_arithmetic(inner, lifter) if inner.op in _ENDS else None)
    in_training, in_evaluation = both
    if in_training is None or in_evaluation is None:
        return None
    if not in_training.batch or in_training.moving or not in_evaluation.moving:
        return None
    if _told(in_training, lifter) != _told(in_evaluation, lifter) or in_evaluation.batch:
        return None
    return normalized(
        node, lifter, dataclasses.replace(in_training, moving=in_evaluation.moving, flag=True)
    )


def _told(found: Found, lifter: Lifter) -> Any:
    """Returns what must be equal in training and in evaluation."""
    tensors = (found.x, found.gamma, found.beta)
    same = tuple(each and lifter.in_evaluation(lifter.value(each)) for each in tensors)
    return same, found.epsilon, found.axis, found.fused


def _fused(name: str, lifter: Lifter) -> Found | None:
    view = lifter.view
    x, gamma, beta, mean, variance = (
        view.behind(each, _normalization.SWITCHES) for each in view.inputs(name)
    )
    rank = view.rank(x) or 4
    axis = 1 if (view.attribute(name, "data_format") or "NHWC") == "NCHW" else -1
    epsilon = _normalization.shortest(view.attribute(name, "epsilon"))
    if view.attribute(name, "is_training"):
        batch = (f"{name}:1", f"{name}:2")
        return Found(x, gamma, beta, epsilon, axis, rank == 4, batch, None)
    averages = view.variable(mean), view.variable(variance)
    if None in averages:
        return None
    return Found(x, gamma, beta, epsilon, axis, rank == 4, None, averages)  # type: ignore[arg-type]


def _arithmetic(node: Any, lifter: Lifter) -> Found | None:
    formula = _normalization.formula(node, lifter)
    if formula is None:
        return None
    mean, variance = (
        _normalization.statistic(each, lifter) for each in (formula.mean, formula.variance)
    )
    rank = lifter.view.rank(formula.x)
    if mean is None or variance is None or rank is None:
        return None
    axis: int | None = -1
    batch = moving = None
    if mean.batch and variance.batch:
        axes = _normalization.axes_of_moments(lifter, formula.x, mean.batch, variance.batch)
        axis = _channels(axes, rank)
        batch = (mean.batch, variance.batch)
    if mean.moving and variance.moving:
        moving = (mean.moving, variance.moving)
    if axis is None or (batch is None and moving is None):
        return None
    if (mean.batch is None) != (variance.batch is None) or (mean.moving is None) != (
        variance.moving is None
    ):
        return None
    return Found(
        formula.x,
        formula.gamma,
        formula.beta,
        formula.epsilon,
        axis,
        False,
        batch,
        moving,
        flag=bool(batch and moving),
    )


def _channels(axes: tuple[int, ...] | None, rank: int) -> int | None:
    """Returns the axis that no mean is taken over, -1 for the last one."""
    left = [axis for axis in range(rank) if axes is not None and axis not in axes]
    if left == [rank - 1]:
        return -1
    return 1 if left == [1] and axes is not None and len(axes) == rank - 1 else None


def normalized(node: Any, lifter: Lifter, found: Found) -> Value | None:
    """Returns the result of a batch normalization.

    Args:
        node: the node that gives it.
        lifter: the lifter.
        found: the normalization.
    """
    tensor = lifter.tensor(found.x)
    channels = tensor.shape[found.axis] if tensor is not None and tensor.shape else None
    if tensor is None or channels is None:
        return None
    if found.batch and not found.moving:
        mean, variance = (_moving_average.moved_by(lifter, each) for each in found.batch)
        if mean is not None and variance is not None:
            found = dataclasses.replace(found, moving=(mean, variance))
    parameters = {
        "gamma": _parameter(lifter, found.gamma, 1, channels),
        "beta": _parameter(lifter, found.beta, 0, channels),
    }
    weights = {name: each for name, each in parameters.items() if isinstance(each, Origin)}
    outside = {}
    for name, each in parameters.items():
        if isinstance(each, str):
            outside[name] = lifter.argument(each)
    if any(each is None for each in outside.values()):
        return None
    averages_ = _averages(lifter, found, channels)
    momentum, note = _momentum(lifter, found)
    statistics = None if found.flag else "batch" if found.batch else "moving"
    trainable = None
    if statistics == "moving" and not _trains(lifter, weights):
        statistics, trainable = None, False if lifter.view.structure else None
    if found.flag and weights and lifter.view.structure and not _trains(lifter, weights):
        statistics, trainable = "training", False  # those of the batch, with gamma as it is
    moves = found.flag and momentum != 1.0
    path = RECIPES if (found.fused and moves) or statistics else KERAS
    rows = _rows(lifter, found, channels)
    turned = rows is None and found.axis == 1 and len(tensor.shape or ()) > 2
    if turned:
        tensor = _layout.to_last(node, lifter, tensor)
    told = {
        "axis": -1 if rows is not None or turned else found.axis,
        "momentum": momentum,
        "epsilon": found.epsilon,
        "center": "beta" in weights,
        "scale": "gamma" in weights,
        "trainable": trainable,
        "statistics": statistics,
    }
    if path == RECIPES and not found.fused and len(tensor.shape or ()) in (2, 4):
        told["fused"] = False
    result = lifter.layer(
        node,
        path,
        tensor if rows is None else lifter.as_tensor(lifter.value(rows), rows),
        (),
        {key: each for key, each in told.items() if each != DEFAULTS[path].get(key)},
        {**weights, **averages_},
        scope=_scope(node, {**weights, **averages_}),
        result=rows or f"{node.name}:0",
        shape=None if rows else tensor.shape,
    )
    if statistics == "batch" and found.moving:
        note = note or _ALWAYS
    if note:
        lifter.note(result, note)
    for name, operator in (("gamma", "*"), ("beta", "+")):
        if name in outside:
            result = lifter.derived(node, operator, result, outside[name], shape=result.shape)
    if turned:
        return _layout.to_first(node, lifter, result)
    if rows is None:
        return result
    # a layer that the end of the subgraph undoes
    return lifter.layer(
        node,
        "keras.layers.Reshape",
        result,
        [tensor.shape[1:]] if tensor.shape else [],
        scope=node.name,
    )


def _trains(lifter: Lifter, weights: dict[str, Origin]) -> bool:
    """Returns whether the training step changes one of some weights."""
    structure = lifter.view.structure
    names = {name for each in weights.values() for name in each.variables}
    return structure is not None and not names.isdisjoint(structure.trainable)


def _parameter(
    lifter: Lifter, name: str | None, neutral: int, channels: int
) -> Origin | str | None:
    """Returns the origin of gamma or beta, the tensor that it is, or None where it has no effect.

    Args:
        lifter: the lifter.
        name: the tensor of the graph, or None.
        neutral: the number that has no effect.
        channels: the number of channels.
    """
    if name is None:
        return None
    value = lifter.value(name)
    if isinstance(value, Constant) and np.all(value.array == neutral):
        return None
    also = (*_normalization.SWITCHES, *_normalization.RESHAPES)
    weight = lifter.weight(lifter.view.behind(name, also))
    if weight is None or np.prod(weight.shape) != channels:
        return name
    changed = Transform("reshape", (("shape", (channels,)),))
    return Origin((weight.name,), None if weight.shape == (channels,) else changed)


def _averages(lifter: Lifter, found: Found, channels: int) -> dict[str, Origin]:
    """Returns the origins of the moving averages; new ones where the graph has none."""
    names = ("moving_mean", "moving_variance")
    if found.moving:
        return {name: Origin((each,)) for name, each in zip(names, found.moving, strict=True)}
    starts = (np.zeros(channels, np.float32), np.ones(channels, np.float32))
    return {name: lifter.program.constant(start) for name, start in zip(names, starts, strict=True)}


def _momentum(lifter: Lifter, found: Found) -> tuple[float | None, str]:
    """Returns the momentum of the averages, and what a reader must know of them.

    The momentum is None for Keras' default.
    """
    if not found.batch or not found.moving:
        return None, ""
    updates = [
        _moving_average.update_of(lifter, variable, statistic)
        for variable, statistic in zip(found.moving, found.batch, strict=True)
    ]
    if any(each is None for each in updates):
        if lifter.view.structure is None:
            return None, ""
        return 1.0, "No operation of the graph moves the averages, so they stay as they are."
    if not all(each.runs for each in updates if each):
        return 1.0, (
            "The training step does not run the updates of the moving averages, so they stay as "
            "they are. If the TF1 program ran the collection `update_ops` as well, name its "
            "operations in train_op=[…]."
        )
    decays = {each.decay for each in updates if each}
    decay = decays.pop()
    if decay is None or decays:
        return None, (
            "The graph moves the averages by a rule that Keras does not have; the layer has "
            "Keras' default momentum."
        )
    return decay, ""


def _rows(lifter: Lifter, found: Found, channels: int) -> str | None:
    """Returns the tensor of rank 2 that was given two more axes for the fused operation."""
    view, name = lifter.view, found.x
    shape = view.shape(name)
    if not found.fused or shape is None or len(shape) != 4 or view.uses(name) == 0:
        return None
    axes = (2, 3) if found.axis == 1 else (1, 2)
    if any(shape[axis] != 1 for axis in axes):
        return None
    for _ in axes:
        if view.op(name) not in ("Reshape", "ExpandDims") or view.is_input(name):
            return None
        name = view.behind(view.inputs(name)[0], _normalization.SWITCHES)
        before = view.shape(name)
        if before is not None and len(before) == 2 and before[1] == channels:
            return name if lifter.tensor(name) is not None else None
    return None


def _scope(node: Any, weights: dict[str, Origin]) -> str:
    first = next((name for each in weights.values() for name in each.variables), "")
    if "/" in first:
        return PART.sub("", first).rpartition("/")[0]
    parts = [part for part in node.name.split("/")[:-1] if not part.startswith("cond")]
    return "/".join(parts) or "batch_norm"


_ALWAYS = (
    "The graph normalises by the batch in evaluation, too. To predict by the moving averages, "
    "leave out statistics='batch'."
)
_ENDS = ("Add", "AddV2", "Sub", "Mul", "RealDiv")
PATTERNS = (
    Pattern("batch norm, fused", FUSED, fused, f"{RECIPES}(…)", order=15),
    Pattern(
        "batch norm, arithmetic", _ENDS, arithmetic, "keras.layers.BatchNormalization(…)", order=15
    ),
    Pattern(
        "batch norm by the flag of training",
        ("Merge", "RefMerge", "Select", "SelectV2"),
        by_flag,
        f"{RECIPES}(…), keras.layers.BatchNormalization(…)",
        order=5,
    ),
)
