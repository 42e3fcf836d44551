"""Writes the optimizers of a TF1 training step as an expression, with the graph's numbers."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.blocks import optimizers
from tf_recipes.convert.program.expressions import Layer, Made
from tf_recipes.convert.training import rates, several_steps
from tf_recipes.convert.training.graph_probe import Probe, ProbeError, first_value, needs_value
from tf_recipes.convert.training.numbers_of_graph import plain
from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.update_ops import Update

# TF1's kernel -> the optimizer, and its arguments from the kernel's numbers
_MADE = {
    "GradientDescent": ("keras.optimizers.SGD", {}),
    "Momentum": ("tf_recipes.Momentum", {"momentum": "momentum"}),
    "KerasMomentum": ("keras.optimizers.SGD", {"momentum": "momentum"}),
    "Adagrad": ("tf_recipes.Adagrad", {}),
    "RMSProp": (
        "tf_recipes.RMSProp",
        {"rho": "decay", "momentum": "momentum", "epsilon": "epsilon"},
    ),
    "CenteredRMSProp": (
        "tf_recipes.RMSProp",
        {"rho": "decay", "momentum": "momentum", "epsilon": "epsilon"},
    ),
    "Adam": (
        "tf_recipes.Adam",
        {"beta_1": "beta1", "beta_2": "beta2", "epsilon": "epsilon"},
    ),
    "Adadelta": ("keras.optimizers.Adadelta", {"rho": "rho", "epsilon": "epsilon"}),
    "Ftrl": (
        "keras.optimizers.Ftrl",
        {
            "learning_rate_power": "rate_power",
            "l1_regularization_strength": "l1",
            "l2_regularization_strength": "l2",
            "l2_shrinkage_regularization_strength": "l2_shrinkage",
        },
    ),
}
# what Keras' own optimizers have where nothing is passed
_DEFAULTS = {
    "keras.optimizers.Ftrl": {
        "learning_rate_power": -0.5,
        "l1_regularization_strength": 0.0,
        "l2_regularization_strength": 0.0,
        "l2_shrinkage_regularization_strength": 0.0,
        "initial_accumulator_value": 0.1,
    },
}
_OF_ALL_ROWS = ("Ftrl", "Adadelta")  # a row without a gradient changes in Keras, and not in TF1
_REMEDY = "Convert for predictions alone with inference=True."
_SHOWN = ("momentum", "rho")  # are written also where they are the default
_NUMBERS = (
    *("momentum", "decay", "rho", "epsilon", "beta1", "beta2"),
    *("l1", "l2", "l2_shrinkage", "rate_power"),
)


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """Holds an optimizer as an expression; `counter` is the variable that counts its steps.

    `functions` is the source code of a class that the expression names.
    """

    expression: Made
    counter: str | None
    functions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Group:
    """Holds updates of one optimizer: those with the same kernel, numbers and rate."""

    kind: str
    nesterov: bool
    numbers: Mapping[str, float]
    rate: rates.Rate
    updates: list[Update]


def find(
    structure: Structure,
    values: Mapping[str, Any],
    feed: Mapping[str, Any],
    layers: Sequence[Layer],
    decay: float | None = None,
) -> Optimizer:
    """Finds the optimizer, or several that each train some of the weights.

    Args:
        structure: the `Structure` of the graph.
        values: `{variable: value}` in the checkpoint.
        feed: `{placeholder: value}` in training.
        layers: the layers of the program, which have the weights.
        decay: the share of each weight that a step removes besides, or None.

    Raises:
        ValueError: if Keras has no such optimizer.
    """
    updates = structure.updates
    _check_known(structure, updates)
    groups = _groups(structure, updates, values, feed)
    shapes = {update.variable: np.shape(values[update.variable]) for update in updates}
    counters = {each.rate.counter for each in groups} - {None}
    if len(groups) > 1:
        several_steps.check(structure, [each.updates for each in groups], counters)
        if decay is not None:
            validation.fail(
                "Weight decay must belong to the one optimizer of a step.",
                f"{len(groups)} optimizers with weight decay in {structure.graph.source!r}",
                _REMEDY,
            )
    clipped, whole = several_steps.clips_of(
        structure, [each.updates for each in groups], shapes, feed
    )
    made_ones = [
        _expression(structure, group, decay, clip)
        for group, clip in zip(groups, clipped, strict=True)
    ]
    if len(counters) > 1:
        validation.fail(
            "The rates of all optimizers must depend on one counter of steps.",
            f"{', '.join(repr(shortened(str(each), 60)) for each in sorted(map(str, counters)))}",
            _REMEDY,
        )
    functions = tuple(dict.fromkeys(each for group in groups for each in group.rate.functions))
    if len({group.rate.functions for group in groups if group.rate.functions}) > 1:
        validation.fail(
            "Of several optimizers, one alone can have a rate without a counterpart in Keras.",
            f"several in {structure.graph.source!r}",
            _REMEDY,
        )
    counter = next(iter(counters), None)
    names = several_steps.names(structure, [each.updates for each in groups], layers)
    parts = [(one, given) for one, given in zip(made_ones, names, strict=True) if given != []]
    if len(parts) == 1:
        return Optimizer(parts[0][0], counter, functions)
    return Optimizer(Made("tf_recipes.SeveralOptimizers", (parts,), whole), counter, functions)


def _check_known(structure: Structure, updates: Sequence[Update]) -> None:
    """Checks that Keras or this package has the optimizers."""
    kinds = sorted({update.kind for update in updates})
    unknown = [kind for kind in kinds if kind not in _MADE]
    if not updates or unknown:
        found = ", ".join(shortened(each, 60) for each in unknown) or "no update operation"
        validation.fail(
            "The training step must have optimizers that Keras or tf_recipes has.",
            f"{found} in {structure.graph.source!r}",
            _REMEDY,
        )
    for update in updates:
        if update.sparse and update.kind in _OF_ALL_ROWS:
            validation.fail(
                "The training step must have optimizers that Keras or tf_recipes has.",
                f"{update.kind} of the rows that a step looks up, such as of "
                f"{shortened(update.variable, 60)!r} in {structure.graph.source!r}: that of Keras "
                "changes all rows",
                _REMEDY,
            )


def _groups(
    structure: Structure,
    updates: Sequence[Update],
    values: Mapping[str, Any],
    feed: Mapping[str, Any],
) -> list[_Group]:
    """Returns the updates by optimizer."""
    found_rates = {
        tensor: rates.find(structure, tensor, values, feed)
        for tensor in dict.fromkeys(update.tensors["rate"] for update in updates)
    }
    found: list[_Group] = []
    for update in updates:
        group = _Group(
            update.kind,
            update.nesterov,
            _numbers(structure, update, values, feed),
            found_rates[update.tensors["rate"]],
            [update],
        )
        same = (each for each in found if _without_updates(each) == _without_updates(group))
        known = next(same, None)
        if known is None:
            found.append(group)
        else:
            known.updates.append(update)
    return found


def _without_updates(group: _Group) -> _Group:
    return dataclasses.replace(group, updates=[])


def _expression(
    structure: Structure, group: _Group, decay: float | None, clip: Mapping[str, float]
) -> Made:
    """Returns one optimizer as an expression."""
    kind, numbers, rate = group.kind, group.numbers, group.rate
    path, names = _MADE[kind]
    arguments: dict[str, Any] = {
        ours: numbers[theirs] for ours, theirs in names.items() if theirs in numbers
    }
    if kind in ("Momentum", "KerasMomentum") and group.nesterov:
        arguments["nesterov"] = True
    if kind == "CenteredRMSProp":
        arguments["centered"] = True
    if kind in ("Adagrad", "Ftrl"):
        initial = _initial_accumulator(structure, group.updates[0])
        if initial is not None:
            arguments["initial_accumulator_value"] = initial
    rows = any(update.sparse for update in group.updates)
    if kind == "GradientDescent" and (_has_doubles(structure, group.updates) or (rows and clip)):
        # rounds the rate to float32, and clips rows by their values, as TF1 does
        path = "tf_recipes.GradientDescent"
    if decay is not None:
        if kind not in ("Momentum", "Adam"):
            validation.fail(
                "Weight decay must belong to momentum or Adam.",
                f"{kind} with weight decay in {structure.graph.source!r}",
                _REMEDY,
            )
        path, arguments = f"{path}W", {"weight_decay": decay, **arguments}
    kept = _without_defaults(path, arguments)
    kept |= clip
    if isinstance(rate.expression, Made):
        return Made(path, (), (("learning_rate", rate.expression), *kept.items()))
    return Made(path, (rate.expression,), tuple(kept.items()))


def _numbers(
    structure: Structure, update: Update, values: Mapping[str, Any], feed: Mapping[str, Any]
) -> dict[str, float]:
    """Returns the numbers of an update, by the kernels' names."""
    roles = [role for role in _NUMBERS if role in update.tensors]
    if not roles:
        return {}
    with Probe(structure, [update.tensors[role] for role in roles]) as probe:
        state = {name: values[name] for name in probe.variables}
        try:
            got = probe.run(feed, state)
        except ProbeError:
            for name in probe.placeholders:
                if name not in feed and node_of(name) not in feed:
                    needs_value(structure, name)
            raise
    return {role: plain(value) for role, value in zip(roles, got, strict=True)}


def _initial_accumulator(structure: Structure, update: Update) -> float | None:
    """Returns the number with which the accumulator began, or None where it is none."""
    value = first_value(structure, update.slots["accumulator"])
    if value is None:
        return None
    if value.size == 0 or (value != value.flat[0]).any():
        return None
    return plain(value.flat[0])


def _has_doubles(structure: Structure, updates: Sequence[Update]) -> bool:
    return any(structure.nodes[update.variable].attr["dtype"].type % 100 == 2 for update in updates)


def _without_defaults(path: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments that are not what the optimizer has anyhow."""
    defaults: dict[str, Any] = dict(_DEFAULTS.get(path, {}))
    if path.startswith("tf_recipes."):
        kind = getattr(optimizers, path.removeprefix("tf_recipes."))
        parameters = inspect.signature(kind.__init__).parameters
        defaults = {name: each.default for name, each in parameters.items()}
    return {
        name: value
        for name, value in arguments.items()
        if defaults.get(name) != value or (name in _SHOWN and (value or name == "rho"))
    }
